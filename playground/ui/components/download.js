watch('value', () => {
  const value = props.value || {};
  if (typeof value.text !== 'string') return;
  const url = URL.createObjectURL(new Blob([value.text], { type: value.name.endsWith('.json') ? 'application/json' : 'text/plain' }));
  const link = el('a');
  link.href = url; link.download = value.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
});
