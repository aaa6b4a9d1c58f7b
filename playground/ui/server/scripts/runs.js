// The last runs and documents of this browser, kept in its own database; nothing of it is on the server.
//   add(entry)     kind, title, made, text; returns its key, which is that of an equal one that is there already
//   all()          newest first, without their texts
//   entry(key), remove(key), clear()
window.playground.runs = (() => {
  const NAME = 'playground', STORE = 'documents', MOST = 50, MOST_CHARS = 100_000_000;
  let opening = null;

  const done = (request) => new Promise((resolve, reject) => { request.onsuccess = () => resolve(request.result); request.onerror = () => reject(request.error); });
  function open() {
    opening ??= new Promise((resolve, reject) => {
      const request = indexedDB.open(NAME, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'key' });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error); // a private window may forbid it: then there is no history
    });
    return opening;
  }
  const store = async (mode) => (await open()).transaction(STORE, mode).objectStore(STORE);

  async function all() {
    const found = await done((await store('readonly')).getAll());
    return found.sort((a, b) => b.key - a.key).map(({ text, ...rest }) => ({ ...rest, chars: text.length }));
  }
  async function add(entry) {
    const same = (await done((await store('readonly')).getAll())).find((one) => one.kind === entry.kind && one.text === entry.text);
    if (same) return same.key;
    const key = Date.now();
    await done((await store('readwrite')).put({ ...entry, key }));
    let chars = 0;
    for (const [place, one] of (await all()).entries()) {
      chars += one.chars;
      if (place >= MOST || (place && chars > MOST_CHARS)) await remove(one.key);
    }
    return key;
  }
  const remove = async (key) => done((await store('readwrite')).delete(key));
  const clear = async () => done((await store('readwrite')).clear());
  const entry = async (key) => done((await store('readonly')).get(key));

  return { add, all, entry, remove, clear };
})();
