// The page's words as they stand in scripts, in English; `languages.js` translates them where the page has other languages.
//   word(text, values)   the text with the values in place of `{name}`; of several forms that for `values.n`
//   spoken(data, names)  the data with the texts of these names translated
//   english(text)        the text of which this is the translation
window.playground = (() => {
  const rules = new Intl.PluralRules('en');
  const word = (text, values, forms = rules) => {
    const form = text?.other ? text[forms.select(values.n)] ?? text.other : text;
    return values ? form.replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === 'number' ? values[name].toLocaleString('en') : values[name])) : form;
  };
  return { word, english: (shown) => shown, spoken: (data) => data };
})();
