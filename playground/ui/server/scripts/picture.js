// A picture of a part of the page as it is shown: an SVG that holds a copy of its elements with the styles they have now,
// and as a PNG the same, drawn at twice the size. Nodes are copied, so text stays text; nothing is parsed as markup.
window.playground.hand.picture = (() => {
  const SVG = 'http://www.w3.org/2000/svg', HTML = 'http://www.w3.org/1999/xhtml', MARGIN = 20, SCALE = 2, MOST_SIDE = 16_000;
  const LEFT_OUT = 'input[type="checkbox"], script, style, template, dialog, datalist, input[type="file"], [popover], .voice, .about, .tip, .term > button, .result-bar, [data-part="notice"], [data-part="download"]';
  const STYLES = ('display position top right bottom left float box-sizing width height min-width min-height margin padding border-top border-right border-bottom border-left border-radius '
    + 'border-collapse border-spacing background-color background-image background-size background-position background-repeat background-clip color '
    + 'font-family font-size font-weight font-style font-variant-numeric letter-spacing line-height text-align text-decoration text-transform text-indent '
    + 'text-overflow white-space word-break overflow-wrap overflow vertical-align opacity visibility flex-direction flex-wrap flex-grow flex-shrink '
    + 'flex-basis grid-template-columns grid-template-rows grid-column grid-row grid-auto-flow gap align-items align-content align-self justify-content '
    + 'justify-items justify-self order list-style-type list-style-position transform transform-origin box-shadow clip-path unicode-bidi direction z-index '
    + 'fill fill-opacity stroke stroke-width stroke-dasharray stroke-opacity stroke-linecap stroke-linejoin text-anchor dominant-baseline').split(' ');

  const plain = (name) => name.replaceAll(/["']/g, '');
  const dataOf = (blob) => new Promise((resolve, reject) => { const reader = new FileReader(); reader.onload = () => resolve(reader.result); reader.onerror = reject; reader.readAsDataURL(blob); });
  // The letters that the page has loaded, since a picture can load nothing.
  async function letters() {
    const loaded = [...document.fonts].filter((one) => one.status === 'loaded').map((one) => `${plain(one.family)} ${one.weight} ${one.style}`);
    const faces = [...document.styleSheets].flatMap((sheet) => { try { return [...sheet.cssRules].filter((rule) => rule instanceof CSSFontFaceRule).map((rule) => [rule, sheet.href ?? document.baseURI]); } catch { return []; } });
    const texts = faces.map(async ([{ style }, base]) => {
      const family = plain(style.getPropertyValue('font-family')), weight = style.getPropertyValue('font-weight') || '400', slope = style.getPropertyValue('font-style') || 'normal';
      const address = style.getPropertyValue('src').match(/url\(["']?([^"')]+)/)?.[1];
      if (!address || !loaded.includes(`${family} ${weight} ${slope}`)) return '';
      const reply = await fetch(new URL(address, base));
      return reply.ok ? `@font-face{font-family:"${family}";font-weight:${weight};font-style:${slope};src:url(${await dataOf(await reply.blob())})}` : '';
    });
    return (await Promise.all(texts)).join('\n');
  }

  const shown = (node) => node.checkVisibility({ visibilityProperty: true }) && !node.matches(LEFT_OUT);
  // Whatever scrolls, or is not drawn because it is out of sight, is drawn in full while it is copied.
  function unrolled(roots, act) {
    const sheet = new CSSStyleSheet(), opened = [];
    sheet.replaceSync('* { content-visibility: visible !important; animation: none !important; transition: none !important; }');
    document.adoptedStyleSheets.push(sheet);
    for (const root of roots) {
      for (const node of [root, ...root.querySelectorAll('*')]) {
        if (!(node instanceof HTMLElement) || (node.scrollHeight <= node.clientHeight + 1 && node.scrollWidth <= node.clientWidth + 1)) continue;
        const { overflowX, overflowY } = getComputedStyle(node);
        if (!/auto|scroll/.test(overflowX + overflowY)) continue;
        opened.push([node, node.style.cssText]);
        node.style.cssText += '; max-height: none !important; height: auto !important; overflow: visible !important;';
      }
    }
    try { return act(); } finally {
      for (const [node, text] of opened) node.style.cssText = text;
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
    }
  }

  function copier() {
    const names = new Map(); // of classes, by the styles that they stand for
    const rules = (style, keep = '') => STYLES.map((name) => [name, style.getPropertyValue(name)])
      .filter(([, value]) => value !== '').map(([name, value]) => `${name}:${name === 'overflow' ? value.replaceAll(/auto|scroll/g, 'visible') : value}`).join(';') + keep;
    const classOf = (text) => { if (!names.has(text)) names.set(text, `s${names.size}`); return names.get(text); };

    function dress(node, copy) {
      const style = getComputedStyle(node), own = [rules(style)];
      for (const part of ['::before', '::after']) {
        const more = getComputedStyle(node, part), { content } = more;
        own.push(content === 'none' || content === 'normal' ? '' : rules(more, `;content:${content}`));
      }
      copy.setAttribute('class', classOf(own.join('\u0000')));
    }
    function drawn(node) { // what is not in the tree of elements
      const picture = document.createElementNS(HTML, 'img');
      picture.setAttribute('src', node.toDataURL());
      return picture;
    }
    function field(node) {
      const box = document.createElementNS(HTML, 'div');
      box.textContent = node.matches('select') ? node.selectedOptions[0]?.textContent ?? '' : node.value;
      return box;
    }
    function copy(node) {
      if (node.nodeType === Node.TEXT_NODE) return document.createTextNode(node.data.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')); // which no XML may hold
      if (node.nodeType !== Node.ELEMENT_NODE || !shown(node)) return null;
      const isField = node.matches('textarea, select, input:not([type="checkbox"], [type="radio"], [type="range"])');
      const made = node instanceof HTMLCanvasElement ? drawn(node) : isField ? field(node) : document.createElementNS(node.namespaceURI, node.localName === 'button' ? 'span' : node.localName);
      if (node.namespaceURI === SVG) for (const { name, value } of node.attributes) if (!/^(on|class$|style$|data-|aria-|id$|href$|xlink)/.test(name)) made.setAttribute(name, value);
      for (const name of ['colspan', 'rowspan', 'type', 'checked', 'dir']) if (node.hasAttribute(name)) made.setAttribute(name, node.getAttribute(name));
      dress(node, made);
      if (!isField) for (const child of node.childNodes) { const one = copy(child); if (one) made.append(one); }
      return made;
    }
    const sheet = () => [...names].map(([text, name]) => {
      const [self, before, after] = text.split('\u0000');
      return `.${name}{${self}}${before && `.${name}::before{${before}}`}${after && `.${name}::after{${after}}`}`;
    }).join('\n');
    return { copy, sheet };
  }

  function build(roots, fonts) {
    const { copy, sheet } = copier(), page = getComputedStyle(document.querySelector('.gradio-container'));
    const node = (space, tag, values) => { const one = document.createElementNS(space, tag); for (const [name, value] of Object.entries(values)) one.setAttribute(name, value); return one; };
    const boxes = roots.map((one) => one.getBoundingClientRect());
    const width = Math.ceil(Math.max(...boxes.map((one) => one.width))) + 2 * MARGIN, height = Math.ceil(boxes.reduce((sum, one) => sum + one.height + MARGIN, MARGIN));
    const svg = node(SVG, 'svg', { width, height, viewBox: `0 0 ${width} ${height}` }), style = node(SVG, 'style', {});
    const ground = page.getPropertyValue('background-color');
    svg.append(style, node(SVG, 'rect', { width, height, fill: ground === 'rgba(0, 0, 0, 0)' ? getComputedStyle(document.body).backgroundColor : ground }));
    let top = MARGIN;
    for (const [place, root] of roots.entries()) {
      const hole = node(SVG, 'foreignObject', { x: MARGIN, y: top, width: width - 2 * MARGIN, height: boxes[place].height + MARGIN }), made = copy(root);
      made.setAttribute('style', 'margin: 0; position: static');
      hole.append(made);
      svg.append(hole);
      top += boxes[place].height + MARGIN;
    }
    style.textContent = `${fonts}\n${sheet()}`;
    return { svg: new XMLSerializer().serializeToString(svg), width, height };
  }

  async function drawn({ svg, width, height }) {
    if (Math.max(width, height) * SCALE > MOST_SIDE) throw new Error(`it is ${height.toLocaleString('en')} px high, and a PNG holds ${(MOST_SIDE / SCALE).toLocaleString('en')}: take SVG.`);
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = width * SCALE;
    canvas.height = height * SCALE;
    const context = canvas.getContext('2d');
    context.scale(SCALE, SCALE);
    context.drawImage(image, 0, 0);
    return new Promise((resolve, reject) => { canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('this browser could not draw it; take SVG.'))), 'image/png'); });
  }

  return async (nodes, { as, name }) => {
    const roots = nodes.filter((one) => one.checkVisibility() && one.getBoundingClientRect().height > 0);
    if (!roots.length) throw new Error('nothing of it is in view.');
    const fonts = await letters(), made = unrolled(roots, () => build(roots, fonts)), file = `${name}.${as}`;
    window.playground.hand.download(file, as === 'svg' ? made.svg : await drawn(made));
    return file;
  };
})();
