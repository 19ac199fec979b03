"""Writes the numbers that tests/examples/clip_scores.cpp holds examples/clip's SSIM against.

    python3 python/ssim_reference.py        # needs numpy and scikit-image (0.26 made the numbers in the test)

The pictures are integer formulas, so that the test has them without a file. scikit-image computes the index of Wang et
al. (2004): Gaussian window of sigma 1.5 (11 x 11), covariances not corrected for the sample size, mean over the places
whose window lies inside.
"""

import numpy as np
import skimage
from skimage.metrics import structural_similarity


def picture(width, height, a, b, c):
    """Grey (height, width) in [0, 1]: the remainder of a x + b y + c x y by 64."""
    y, x = np.mgrid[0:height, 0:width]
    return ((a * x + b * y + c * x * y) % 64) / 63.0


def index(one, other):
    return structural_similarity(
        one, other, data_range=1.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )


def main():
    print("scikit-image", skimage.__version__)
    for width, height in ((96, 48), (23, 11)):
        smooth = picture(width, height, 1, 2, 0)
        rough = picture(width, height, 7, 13, 1)
        mixed = 0.75 * smooth + 0.25 * rough
        print(width, height, *("%.9f" % index(smooth, other) for other in (rough, mixed)))


if __name__ == "__main__":
    main()
