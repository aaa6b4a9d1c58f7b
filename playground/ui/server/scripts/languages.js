// The page's words in the language of the browser, chosen as Gradio chooses it, from the tables that `gr.I18n` sends: by
// the English text. This runs before Gradio draws the page, and writes into what it will draw. A text that Python has
// filled in is found by the pattern of its placeholders.
(() => {
  const config = window.gradio_config, all = config?.i18n_translations || {}, wanted = navigator.language || 'en', fill = window.playground.word;
  const known = [wanted, wanted.split('-')[0]].find((one) => all[one]), table = new Map(Object.entries(all[known] || {}));
  if (!table.size) return;
  const forms = new Intl.PluralRules(known);
  const patterns = [...table].filter(([text]) => /\{\w+\}/.test(text) && /[a-z]{3}/i.test(text.replace(/\{\w+\}/g, ''))).map(([text, found]) => ({
    found, names: text.match(/\{\w+\}/g).map((one) => one.slice(1, -1)),
    pattern: new RegExp(`^${text.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replaceAll('{n}', '([\\d,]+)').replace(/\{\w+\}/g, '(.+?)')}$`, 's'),
  }));
  const filled = (text) => {
    for (const { pattern, names, found } of typeof text === 'string' ? patterns : []) {
      const [, ...parts] = pattern.exec(text) || [];
      if (!parts.length) continue;
      const values = Object.fromEntries(names.map((name, i) => [name, word(parts[i])]));
      return fill(found, { ...values, ...(values.n && { n: Number(values.n.replaceAll(',', '')) }) }, forms);
    }
    return text;
  };
  const word = (text, values) => {
    const found = table.get(text?.other ?? text);
    return values ? fill(found ?? text, values, forms) : found ?? filled(text);
  };
  const english = (shown) => [...table].find(([, text]) => text === shown)?.[0] ?? shown;
  const spoken = (value, names, own) => (typeof value === 'string' ? (names.includes(own) ? word(value) : value)
    : Array.isArray(value) ? value.map((one) => spoken(one, names, own))
      : value && typeof value === 'object' ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, spoken(one, names, name)])) : value);
  const plain = (html) => (html.includes('&') ? new DOMParser().parseFromString(html, 'text/html').body.textContent : html);
  const safe = (text) => text.replace(/[&<>"'{$`]/g, (one) => `&#${one.codePointAt(0)};`); // a template is evaluated
  const put = (html) => { // the words of an element, or as they were if they have no translation
    const [, before, own, after] = /^([\s:]*)(.*?)(\s*)$/s.exec(html), text = plain(own), other = word(text);
    return other === text ? html : before + safe(other) + after;
  };
  const markup = (html) => html.replace(/(>)([^<>]+)(?=<)|(\b(?:aria-label|title|placeholder)=")([^"]+)/g,
    (_, end = '', text = '', name = '', value = '') => end + put(text) + name + put(value));
  const draw = ({ type, props }) => {
    for (const name of ['label', 'info', 'placeholder', ...(type === 'button' ? ['value'] : [])]) if (props[name]) props[name] = word(props[name]);
    for (const choice of props.choices || []) choice[0] = word(choice[0]);
    for (const name of type === 'html' ? ['html_template', 'value'] : []) {
      if (typeof props[name] === 'string') props[name] = /^\s*</.test(props[name]) ? markup(props[name]) : word(props[name]);
    }
  };
  Object.assign(window.playground, { word, english, spoken });
  config.components.forEach(draw);
  document.addEventListener('DOMContentLoaded', () => { // what stands in the document beside Gradio's part
    for (const node of document.querySelectorAll('#skip, #shell')) for (const text of node.childNodes) text.textContent = word(text.textContent);
  });
})();
