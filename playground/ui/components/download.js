watch('value', () => {
  const value = props.value || {};
  if (typeof value.text === 'string') window.playground.hand.download(value.name, value.text);
});
