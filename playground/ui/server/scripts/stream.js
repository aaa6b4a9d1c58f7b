// Gradio's client opens the stream of events when it has sent an event and takes none to be open. The stream itself says
// that it ends; the event's number is in another answer. Where that answer is read first, no stream is opened, and nobody
// reads what the event gives. So while an event is on its way, the end of a stream is held back and the stream read on.
// A stream that breaks off is reported as a lost connection: Gradio then says so, and reloads when the server answers.
(() => {
  const CLOSED = 'data: {"msg":"close_stream"}', BROKEN = 'data: {"msg":"broken_connection","message":"The stream broke off."}';
  const real = window.fetch.bind(window), text = new TextEncoder();
  const sending = new Set(), pending = new Set(), early = new Set(); // requests; events by id; those over before their answer

  function join(input, init) {
    const reply = real(input, init);
    const known = reply.then((one) => one.clone().json()).then(({ event_id: id }) => { if (id && !early.delete(id)) pending.add(id); }).catch(() => {});
    sending.add(known);
    return known.then(() => { sending.delete(known); return reply; });
  }

  async function read(reply, put) { // whether it was closed, rather than broken off
    const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ''; ;) {
      const { value, done } = await reader.read();
      if (done) return false;
      const parts = (rest + value).split('\n\n');
      rest = parts.pop();
      for (const part of parts) {
        if (part.includes('"msg":"close_stream"')) return true;
        if (part.includes('"msg":"unexpected_error"')) return false; // the server stops, or knows this page no more
        if (part.includes('"msg":"process_completed"')) {
          const id = JSON.parse(part.slice('data: '.length)).event_id;
          if (!pending.delete(id)) early.add(id);
        }
        put(part);
      }
    }
  }

  async function readAll(request, reply, put) {
    for (;;) {
      const before = [...pending]; // the server knows these: when it closes this stream, they are over
      if (!reply.ok || !(await read(reply, put))) { put(BROKEN); break; }
      for (const id of before) pending.delete(id);
      while (sending.size) await Promise.all(sending);
      if (!pending.size) break;
      reply = await real(request.clone());
    }
    put(CLOSED);
  }

  async function follow(input, init) {
    const request = new Request(input, init), reply = await real(request.clone());
    if (!reply.ok || !reply.body) return reply;
    const start = (out) => {
      const put = (part) => out.enqueue(text.encode(`${part}\n\n`));
      readAll(request, reply, put).then(() => out.close(), (error) => out.error(error));
    };
    return new Response(new ReadableStream({ start }), { status: reply.status, headers: reply.headers });
  }

  // A page that is left closes its stream, and with it what the server keeps for it; an answer that still comes opens none.
  let isLeft = false;
  window.addEventListener('beforeunload', () => { isLeft = true; });
  window.fetch = (input, init) => {
    const { pathname } = new URL(input.url ?? input, location.href);
    if (pathname.endsWith('/queue/join')) return join(input, init);
    if (!pathname.endsWith('/queue/data')) return real(input, init);
    return isLeft ? new Promise(() => {}) : follow(input, init);
  };
})();
