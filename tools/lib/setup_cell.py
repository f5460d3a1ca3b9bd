# Colab and Kaggle open a notebook alone: there, this cell fetches the course. Elsewhere it does nothing.
import os
import subprocess
import sys
from glob import glob
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile, is_zipfile

if "google.colab" in sys.modules or "KAGGLE_KERNEL_RUN_TYPE" in os.environ:
    address, branch = "https://github.com/OWNER/REPO", "BRANCH"
    helpers = "mnist_helpers/__init__.py"
    # A copy that is already here is used: a folder, one on a mounted Drive, a data set added on Kaggle.
    places = [*sys.path, ".", "..", "../..", "*", "/content/drive/MyDrive/*", "/kaggle/input/**"]
    copies = [copy for place in places for copy in sorted(glob(f"{place}/{helpers}", recursive=True))]
    if not copies:
        with TemporaryDirectory(dir=".") as folder:  # so that half a course is never taken for the whole
            zips = [ZipFile(name) for name in sorted(glob("*.zip")) if is_zipfile(name)]
            zips = [file for file in zips if helpers in str(file.namelist())]
            if zips:
                zips[0].extractall(f"{folder}/course")
            else:
                clone = ["git", "clone", "-q", "--depth=1", "-b", branch, address, f"{folder}/course"]
                git = subprocess.run(clone, text=True, capture_output=True)
                if git.returncode:
                    raise RuntimeError(
                        f"git could not fetch {address}, branch {branch}:\n\n{git.stderr}\n"
                        "No network? On Kaggle, turn the internet on in Settings. Then run this cell again.\n"
                        "A private repository? Put its .zip into this folder first (see colab_links.md)."
                    )
            copies = [f"mnist-course/{helpers}"]
            try:
                next(Path(folder).rglob(helpers)).parents[1].rename("mnist-course")
            except OSError:
                if not os.path.exists(copies[0]):  # where another notebook was faster, all is well
                    raise
    course = str(Path(copies[0]).resolve().parents[1])
    if course not in sys.path:
        sys.path.append(course)
