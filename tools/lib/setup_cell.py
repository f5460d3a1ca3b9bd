import os, subprocess, sys

if "google.colab" in sys.modules or "KAGGLE_KERNEL_RUN_TYPE" in os.environ:
    git = "git clone --depth=1 -b BRANCH https://github.com/OWNER/REPO"
    run = subprocess.run([*git.split(), "mnist-course"], capture_output=True, text=True)
    if run.returncode and not os.path.isdir("mnist-course/tools"):  # git writes it last
        raise OSError(run.stderr + "Is the internet on? Rerun, or delete mnist-course.")
    sys.path += {os.path.abspath("mnist-course")} - set(sys.path)  # once
