"""Start the Inference Playground: `python app.py --help` lists the flags. `gradio app.py` starts the same server."""

from playground.cli.main import serve_main

if __name__ == "__main__":
    serve_main()
