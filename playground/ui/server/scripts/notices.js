// What all notices share: a hint at an empty prompt, and the end of a problem once something later has succeeded.
Object.assign(window.playground, (() => {
  const PROMPTS = '#prompt textarea, [id$="-prompt"] textarea, #context-message textarea';
  let acted = 0; // when a person last did something
  for (const kind of ['click', 'change', 'keydown', 'drop']) addEventListener(kind, () => { acted = performance.now(); }, true);

  const prompts = () => [...document.querySelectorAll(PROMPTS)];
  function hint(text) { // whether there is an empty prompt in view to say it at
    const field = prompts().find((one) => one.checkVisibility({ visibilityProperty: true }) && !one.value.trim());
    if (!field) return false;
    const clear = () => field.setCustomValidity('');
    field.setCustomValidity(text);
    field.reportValidity(); // focuses it, shows the text beside it, and has it read aloud
    for (const kind of ['input', 'blur']) field.addEventListener(kind, clear, { once: true });
    return true;
  }
  // Problems shown before `since`, when that which has succeeded began, are over.
  const succeeded = (since = acted) => document.dispatchEvent(new CustomEvent('playground:succeeded', { detail: since }));
  return { prompts, hint, succeeded };
})());
