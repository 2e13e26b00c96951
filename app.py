"""`streamlit run app.py`: the web app. `workbench app` starts it together with a worker."""

from workbench.ui.shell import main

main()
