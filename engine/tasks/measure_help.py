"""What the measures mean, each in a sentence for a learner."""

from __future__ import annotations

from collections.abc import Mapping

HELP: Mapping[str, str] = {
    "loss": "What the training lowers, on these samples; it also counts how sure the answers are.",
    "accuracy": "The share of answers that are right.",
    "precision": "Of what was said to be there, the share that is.",
    "precision_macro": "Of what was taken for a class, the share that is of it; every class counts the same.",
    "precision_weighted": "Of what was taken for a class, the share that is of it; common classes count more.",
    "recall": "Of what is there, the share that was found.",
    "recall_macro": "Of the samples of a class, the share that was recognised; every class counts the same.",
    "recall_weighted": "Of the samples of a class, the share that was recognised; common classes count more.",
    "f1_macro": "The harmonic mean of precision and recall; every class counts the same.",
    "f1_micro": "The harmonic mean of precision and recall over all yes-or-no answers together.",
    "f1_weighted": "The harmonic mean of precision and recall; common classes count more.",
    "top5": "How often the true class is among the five likeliest.",
    "roc_auc": "How often a sample of a class is ranked above one that is not of it; 50 % is guessing.",
    "average_precision": "The area under precision over recall, as a mean over the classes.",
    "mean_average_precision": "The area under precision over recall, as a mean over the labels.",
    "calibration_error": "How far the answers' certainty lies from how often they are right; 0 % is best.",
    "kappa": "Agreement with the truth beyond what guessing would reach: 1 is perfect, 0 is guessing.",
    "subset_accuracy": "The share of pictures whose labels were all answered right.",
    "hamming": "The share of all yes-or-no answers that are wrong.",
    "map": "The area under precision over recall, a mean over classes and over overlaps (IoU) of 0.50 to 0.95.",
    "map50": "The area under precision over recall where an overlap (IoU) of 0.50 counts as found.",
    "map75": "The area under precision over recall where an overlap (IoU) of 0.75 counts as found.",
    "mean_iou": "Overlap of answer and truth divided by what both cover together, a mean over classes.",
    "dice": "Twice the overlap divided by the sizes of answer and truth, a mean over classes.",
    "pixel_accuracy": "The share of pixels with the right class.",
    "ods": "The best harmonic mean of precision and recall with one threshold for all pictures.",
    "ois": "The best harmonic mean of precision and recall with a threshold of its own for every picture.",
    "threshold": "How sure the network must be of an edge for the best F-measure.",
    "median_angle": "Half of the surface directions are wrong by less than this angle.",
    "mean_angle": "The mean angle between the surface directions and the true ones.",
    "median_slanted": "The median error where the surface does not face the viewer.",
    "psnr": "How far the picture is from the true one, on a scale of decibels: more is better.",
    "psnr_given": "The same for the noisy picture that the network was given.",
    "gain": "How much nearer to the clean picture the network's answer is than what it was given.",
    "ssim": "How alike the structures of both pictures are: 1 is the same picture.",
    "mse": "The mean squared difference of the pixels, which lie between 0 and 1.",
    "rmse": "The root of the mean squared error, in the data's units; of several scaled columns in their deviations.",
    "mae": "The mean error without its sign, in the data's units; of several scaled columns in their deviations.",
    "rmse_persistence": "The error of saying that the last value stays.",
    "rmse_linear": "The error of the best linear formula of the values before, fitted to the training part.",
    "skill_persistence": "By how much the error is below that of saying that the last value stays; 0 % is no better.",
    "skill_linear": "By how much the error is below that of a linear forecast; 0 % is no better.",
    "bits_per_character": "How many yes-or-no questions each next character still costs; fewer are better.",
    "perplexity": "Among how many equally likely characters the network hesitates.",
    "n_way_accuracy": "How often the query is nearest to the one example of its own class.",
    "verification_auc": "How often a pair of one class is nearer than a pair of two; 0.5 is guessing.",
    "verification_accuracy": "The share of pairs judged right, with the distance that divides them best.",
    "equal_error": "The share of errors where both kinds, same and different, are equally frequent.",
    "pixel_distance": "How far means and spreads of the made pictures' pixels are from those of the real ones.",
    "real_for_real": "The share of real pictures that the discriminator takes for real.",
    "fake_for_real": "The share of made pictures that the discriminator takes for real.",
}
_MASKS = "mask_"


_AVERAGE_RECALL = (
    "Of what is there, the share that was found by at most 100 answers a picture, a mean over overlaps (IoU) of 0.50 "
    "to 0.95."
)


def measure_help(name: str, task: str = "") -> str:
    """A sentence about a measure; "" for one that is not known."""
    if task in ("detection", "instances") and name.endswith("recall"):
        return _AVERAGE_RECALL
    if name.startswith(_MASKS) and name.removeprefix(_MASKS) in HELP:
        return f"{HELP[name.removeprefix(_MASKS)]} Of masks instead of boxes."
    if name.startswith("loss_"):
        return "One term of what the training lowers."
    if name.startswith("within_"):
        return f"The share of surface directions that are wrong by less than {name.removeprefix('within_')}°."
    return HELP.get(name, "")
