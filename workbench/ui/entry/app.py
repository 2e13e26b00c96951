"""The script that Streamlit runs where the workbench is installed as a package; the project's own `app.py` is its twin.

It has a folder to itself: Streamlit takes a `pages/` folder beside the script for its older kind of pages,
which would run without the frame around them.
"""

from workbench.ui.shell import main

main()
