const input = element.querySelector('input'), problem = element.querySelector('.problem');
const { files } = window.playground, tell = (words) => { problem.textContent = words; };
files.register(props.place, { element, kinds: props.kinds, take: (text) => { props.value = text; trigger('input'); } });
element.querySelector('.open').addEventListener('click', () => input.click());
input.addEventListener('change', async () => {
  const [file] = input.files;
  if (file) await files.open(file, { kinds: props.kinds, place: props.place, max_bytes: props.max_bytes, tell });
  input.value = '';
});
