"""For every kernel of .venv, in JupyterLab, VS Code and tests: what C++ code writes goes to the terminal.

TensorFlow greets with eleven lines when it is imported and at its first operation. A cell would show them
in red, like errors. Python's errors and warnings stay where they are.
"""

c = get_config()  # noqa: F821
c.IPKernelApp.capture_fd_output = False
