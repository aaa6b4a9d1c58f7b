const input = element.querySelector('input'), problem = element.querySelector('.problem');
element.querySelector('.open').addEventListener('click', () => input.click());
input.addEventListener('change', async () => {
  const file = input.files[0];
  if (!file) return;
  const over = file.size > props.max_bytes;
  problem.textContent = over ? `${file.name} has ${file.size.toLocaleString('en')} bytes; the limit is ${props.max_bytes.toLocaleString('en')}.` : '';
  if (!over) { props.value = await textOf(file); trigger('input'); }
  input.value = '';
});
