"""The script that Streamlit runs where the workbench is installed as a package (`app.py` is its twin)."""

from workbench.ui.shell import main

if __name__ == "__main__":
    main()
