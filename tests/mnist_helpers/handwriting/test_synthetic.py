"""The letters and signs with which a lesson measures what a network makes of pictures that are no digit."""

import numpy as np
import pytest

from mnist_helpers.handwriting import read_photo, to_mnist_style
from mnist_helpers.handwriting.synthetic import SIGNS, photograph_sign
from tools.maintain import pretrain


def test_the_pretrained_network_never_learned_from_the_signs_that_measure_it():
    assert not set(SIGNS) & set(pretrain.LETTERS + pretrain.SIGNS)


@pytest.mark.parametrize("sign", SIGNS)
def test_a_sign_can_be_photographed_and_prepared(sign):
    photo = photograph_sign(sign, np.random.default_rng(1))
    assert photo.dtype == np.uint8 and photo.ndim == 3
    assert (photo == photograph_sign(sign, np.random.default_rng(1))).all()
    assert to_mnist_style(read_photo(photo)).any()
