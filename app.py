"""Start the Inference Playground: `python app.py --help` lists the flags."""

from playground.cli.main import serve_main

if __name__ == "__main__":
    serve_main()
else:  # `gradio app.py`, which reloads on change, looks for a page of this name
    from playground.cli.serve import default_page

    demo = default_page()
