"""The web app: the only room that knows Streamlit. Pages ask the service and show what it says."""
