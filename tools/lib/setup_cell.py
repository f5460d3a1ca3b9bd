import os, subprocess, sys  # noqa: E401, I001

if "google.colab" in sys.modules or "KAGGLE_KERNEL_RUN_TYPE" in os.environ:
    course = "-b BRANCH https://github.com/OWNER/REPO"
    git = subprocess.getoutput(f"git clone --depth=1 {course} mnist-course")
    if not os.path.exists("mnist-course/tools"):  # the folder that git writes last
        raise RuntimeError(f"{git}\nIs Kaggle's internet on? Delete a half-made folder")
    sys.path += {os.path.abspath("mnist-course")} - set(sys.path)  # once
