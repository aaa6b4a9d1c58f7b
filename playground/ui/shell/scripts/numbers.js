// A number as people write it: the rule and the words of Python's `numbers.py`. A comma that does not part thousands may be
// a decimal comma, so "0,3" must not become 3.
//   parse(text)        the number, or null
//   withAPoint(text)   what a message about this text ends with
window.playground.numbers = (() => {
  const PLAIN = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,9})?$/i, THOUSANDS = /^[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?$/;
  return {
    parse(raw) {
      const text = raw.trim();
      if (THOUSANDS.test(text)) return Number(text.replaceAll(',', ''));
      return PLAIN.test(text) ? Number(text) : null;
    },
    withAPoint: (raw) => (/\d\s*,\s*\d/.test(raw) ? ': write decimals with a point, as 0.3.' : '.'),
  };
})();
