import signal

pytest_plugins = ["tests.nbval_guard"]

# A shell starts a job in the background deaf to Ctrl-C, and so would be every program that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
