// A number as people write it, and each quantity as it is shown: the rules and words of Python's `numbers.py` and
// `views/format.py`, which say why. A comma that does not part thousands may be a decimal comma, so "0,3" must not become 3.
//   parse(text)        the number, or null
//   withAPoint(text)   the end of a message about this text
//   number, percent, whole, seconds, bytes, rate, joules, wattHours, grams (of a number, or null where it is not known)
//   money(amount, currency), figure(value, unit), plural(count, one, many)
//   axisUnit(unit, top)   the unit of an axis that ends there, and its size: ['MB', 1e6]
window.playground.numbers = (() => {
  const PLAIN = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,9})?$/i, THOUSANDS = /^[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?$/;
  const NOTHING = '–', MOST_DECIMALS = 12, SAME = 1e-12;
  const SYMBOLS = { USD: '$', EUR: '€', GBP: '£', JPY: '¥', CNY: 'CN¥', INR: '₹', KRW: '₩' };
  const ONE = { requests: 'request', tokens: 'token', machines: 'machine', days: 'day', uses: 'use', steps: 'step', tasks: 'task', times: 'time' };
  const SIZES = { G: [9, 1e9], M: [6, 1e6], k: [3, 1e3], '': [0, 1], m: [-3, 1e-3], µ: [-6, 1e-6], n: [-9, 1e-9] };
  const formats = Array.from({ length: MOST_DECIMALS + 1 }, (_, n) => new Intl.NumberFormat('en', { minimumFractionDigits: n, maximumFractionDigits: n }));

  const known = (x) => x != null && Number.isFinite(x), signed = (x, text) => (x < 0 ? `-${text}` : text);
  const exponentOf = (size) => +size.toExponential(2).split('e')[1];
  const fixed = (size, places) => formats[Math.min(MOST_DECIMALS, Math.max(0, places))].format(size);
  const stripped = (text) => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);
  const raised = (n) => String(n).replace(/[-0-9]/g, (c) => (c === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[c]));
  const scaled = (unit, prefixes) => (x) => {
    if (!known(x)) return NOTHING;
    const size = Math.abs(x), exponent = exponentOf(size);
    if (size === 0) return `0 ${unit}`;
    const prefix = prefixes.find((one) => exponent >= SIZES[one][0]) ?? prefixes.at(-1), [power, scale] = SIZES[prefix];
    return signed(x, `${fixed(size / scale, 2 - exponent + power)} ${prefix}${unit}`);
  };

  function number(x) {
    if (!known(x)) return NOTHING;
    const size = Math.abs(x), exponent = exponentOf(size);
    if (size === 0 || (exponent >= -3 && exponent < 9)) return signed(x, stripped(fixed(size, 2 - exponent)));
    const [mantissa, power] = size.toExponential(2).split('e');
    return signed(x, `${stripped(mantissa)}×10${raised(+power)}`);
  }
  function percent(share) {
    if (!known(share)) return NOTHING;
    const size = Math.abs(share), x = size * 100;
    const text = size <= SAME || Math.abs(size - 1) <= SAME ? `${Math.round(x)}%` : x < 0.0001 ? '< 0.0001%'
      : x < 0.1 ? `${stripped(fixed(x, -exponentOf(x)))}%` : size >= 0.9995 && size < 1 ? '> 99.9%' : `${fixed(x, 1)}%`;
    return signed(share, text);
  }
  const whole = (x) => (!known(x) ? NOTHING : Math.abs(x) < 0.5 ? '0' : signed(x, fixed(Math.abs(x), 0)));
  function money(amount, currency = 'USD') {
    if (!known(amount)) return NOTHING;
    const size = Math.abs(amount);
    const text = fixed(size, size === 0 ? 0 : Math.max(2, 2 - exponentOf(size))).replace(/(\.\d\d\d*?)0+$/, '$1');
    return signed(amount, `${SYMBOLS[currency] ?? `${currency} `}${text}`);
  }
  const large = scaled('B', ['G', 'M', 'k']);
  const bytes = (x) => (known(x) && Math.abs(x) < 999.5 ? signed(x, `${fixed(Math.abs(x), 0)} B`) : large(x));
  const seconds = scaled('s', ['', 'm', 'µ', 'n']), rate = scaled('tok/s', ['']), joules = scaled('J', ['M', 'k', '', 'm', 'µ']);
  const wattHours = scaled('Wh', ['M', 'k', '', 'm', 'µ']), grams = scaled('g', ['k', '', 'm', 'µ']);
  const OWN = { s: seconds, B: bytes, USD: money, usd: money, share: percent, 'tok/s': rate, 'tokens/s': rate, J: joules, Wh: wattHours, count: number, 'requests/day': whole };
  const figure = (x, unit) => (OWN[unit] || !known(x) ? (OWN[unit] || number)(x) : `${number(x)} ${x === 1 ? ONE[unit] || unit : unit}`.trimEnd());
  const axisUnit = (unit, top) => { const prefix = unit === 'B' ? ['G', 'M', 'k'].find((one) => Math.abs(top) >= SIZES[one][1]) ?? '' : ''; return [prefix + unit, SIZES[prefix][1]]; };

  return {
    parse(raw) {
      const text = raw.trim();
      if (THOUSANDS.test(text)) return Number(text.replaceAll(',', ''));
      return PLAIN.test(text) ? Number(text) : null;
    },
    withAPoint: (raw) => (/\d\s*,\s*\d/.test(raw) ? ': write decimals with a point, such as 0.3.' : '.'),
    plural: (n, one, many = `${one}s`) => window.playground.word({ one: `{n} ${one}`, other: `{n} ${many}` }, { n }),
    raised, number, percent, whole, seconds, bytes, rate, joules, wattHours, grams, money, figure, axisUnit,
  };
})();
