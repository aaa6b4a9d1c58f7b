// What leaves the page: files and text in the clipboard. `picture.js` adds pictures.
//   download(name, content)   text or a blob, offered as a file
//   copy(text)                a text or a promise of one; whether it is in the clipboard now
window.playground.hand = (() => {
  const TYPES = { json: 'application/json', html: 'text/html', tsv: 'text/tab-separated-values', svg: 'image/svg+xml' };

  function download(name, content) {
    const type = TYPES[name.split('.').pop()] ?? 'text/plain', link = document.createElement('a');
    const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type: `${type};charset=utf-8` }));
    link.href = url;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }

  function copyOld(text) { // without a secure context there is no other way
    const field = document.createElement('textarea'), before = document.activeElement;
    field.value = text;
    field.style.cssText = 'position: fixed; opacity: 0';
    document.body.append(field);
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    before?.focus({ preventScroll: true });
    return done;
  }

  async function copy(text) {
    const wanted = Promise.resolve(text);
    try { // at once, while the click still counts; the text may come later
      await navigator.clipboard.write([new ClipboardItem({ 'text/plain': wanted.then((one) => new Blob([one], { type: 'text/plain' })) })]);
      return true;
    } catch { /* not allowed, or no secure context */ }
    const found = await wanted;
    return Boolean(found) && copyOld(found);
  }

  return { download, copy };
})();
