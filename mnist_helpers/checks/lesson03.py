"""The exercises of lesson 03."""

from mnist_helpers.checks.declare import exercise


@exercise(
    "03.1",
    measured=25.5,
    near=0.3,
    hints=("A weight's slope is its pixel × the error of its score.", "Which of the two factors can be 0?"),
    notice="Ten weights for each pixel with ink: every score has an error, but a blank pixel moves nothing.",
)
def moving_weights(measured):
    """how many of the weights move, in percent, such as 50"""
    return float(measured), {
        "all": (100.0, "What is the slope of a weight whose pixel is 0?"),
        "only the right digit's": (measured / 10, "Have the nine other scores no error?"),
        "none": (0.0, "All weights are 0, but are their slopes?"),
        "the blank ones": (
            100.0 - measured,
            "That is most of them. Is most of the image ink or blank, and whose weights move?",
        ),
        "half": (50.0, "Some go up and some down. Are there also some that stay?"),
        "one column": (10.0, "A tenth is one digit's weights. Do all of these move, and no other digit's?"),
        "a single one": (100 / 7840, "How many pixels have ink, and to how many scores do they lead?"),
        "one pixel's": (1000 / 7840, "How many pixels have ink, and to how many scores do they lead?"),
        "a share": (measured / 100, "As a share that is about right. What is it in percent?"),
        "a count": (78.4 * measured, "As a number of weights that is about right. What is it in percent?"),
    }


@exercise(
    "03.2",
    measured=4.0,
    hints=("What did 1.1 do on the parabola?", "How large can the error of a score get at most?"),
    notice="Its steps go past the lowest point; as no error exceeds 1, they do not grow step by step.",
)
def too_large(measured):
    """one of the words "creeps", "falls fast", "jumps", "runs away", in quotes"""
    shown = "runs away" if not measured < 25 else "jumps" if measured > 2.303 else "falls fast"
    bounded = "On the parabola the slope grew with the distance. How far can an error grow?"
    wrong = {
        "creeps": ("creeps", "Such losses come from steps that are too short. Are these?"),
        "falls fast": ("falls fast", "Are longer steps sooner at the bottom, if they go past it?"),
        "runs away": ("runs away", bounded),
        "diverges": ("diverges", bounded),
        "jumps": ("jumps", "How high are the last losses, and how much do they differ?"),
    }
    return shown, {name: it for name, it in wrong.items() if name != shown}


@exercise(
    "03.3",
    3.0,
    1.1,
    hints=(
        "The slope at w is 2 · (w − 3): what is it at 0?",
        "The first step goes from 0 to 6.6. What is the slope there, and in which direction is the step?",
    ),
    notice="Each step lands on the other side and 1.2 times as far from 3: it diverges.",
)
def two_steps(lowest, rate):
    """the place after two steps: a number"""

    def walk(steps, factor=2.0, sign=-1.0, rate=rate):
        w = 0.0
        for _ in range(steps):
            w += sign * rate * factor * (w - lowest)
        return w

    second = walk(2) - walk(1)

    return walk(2), {
        "uphill": (walk(2, sign=1.0), "Does the value rise or fall to the right of 0, at a slope of −6?"),
        "no factor 2": (walk(2, factor=1.0), "What is left of ((w + h − 3)² − (w − 3)²) / h for a tiny h?"),
        "arrives": (lowest, "Where exactly does the first step land, and is that 3?"),
        "one step": (walk(1), "Is that the place after the first step, or after the second?"),
        "three steps": (walk(3), "How many steps are these?"),
        "the first slope twice": (2 * walk(1), "Is the slope at the second place still that at 0?"),
        "from the lowest": (walk(2) - lowest, "Is that the place, or how far it is from 3?"),
        "the distance": (lowest - walk(2), "Is that the place, or how far it is from 3?"),
        "the other side": (2 * lowest - walk(2), "On which side of 3 does the first step land, and then?"),
        "onwards": (walk(1) - second, "To the right of 3, does a step against the slope lead left or right?"),
        "the step": (second, "Is that the second step, or the place that it leads to?"),
        "the value": ((walk(2) - lowest) ** 2, "Is that the place, or the value there?"),
        "the factor": (1.44, "That says how many times farther. Which place is it?"),
        "rate 1": (
            walk(2, rate=1.0),
            "At a rate of 1 the second step leads back to 0. Which rate was asked?",
        ),
        "rate 0.1": (walk(2, rate=0.1), "Was the rate 0.1 or 1.1?"),
        "slope 2w − 3": (-0.66, "Was the slope taken for 2w − 3? What is 2 · (w − 3) at 0?"),
        "the path": ([0.0, walk(1), walk(2)], "Those are the places on the way. Which is the last?"),
    }


LABELS = [1, 7, 9, 3, 7, 1, 0, 8, 7, 2, 9, 1, 3, 7, 5, 0, 9, 8, 1, 7]


@exercise(
    "03.4",
    LABELS,
    hints=(
        "The slope of a bias is the mean of its errors over the batch: what was said minus what should be.",
        "A tenth was said for each digit. What should have been said, on average? Count the labels.",
        "With two of twenty labels a digit has exactly its tenth; what remains of its slope is rounding.",
    ),
    notice="A first step moves each bias by how much more frequent its digit is than one in ten.",
)
def biases_down(labels):
    """a set of digits, such as {0, 1}"""
    counts = [labels.count(digit) for digit in range(10)]
    fair = len(labels) / 10

    def digits(wanted):
        return {digit for digit, count in enumerate(counts) if wanted(count)}

    return digits(lambda count: count < fair), {
        "against the slope, twice": (
            digits(lambda count: count > fair),
            "The slope of these is negative. Where does a step against it lead?",
        ),
        "only the absent": (
            digits(lambda count: count == 0),
            "A digit that occurs once of twenty: did the network say too much of it, or too little?",
        ),
        "those of the batch": (
            digits(lambda count: count > 0),
            "Does the right digit's score gain or lose by a step?",
        ),
        "with the balanced": (
            digits(lambda count: count <= fair),
            "Some digits have exactly the share that was said. How large is their mean error?",
        ),
        "all but the commonest": (
            digits(lambda count: count < max(counts)),
            "Does only one digit gain? Compare each one's share of the batch with a tenth.",
        ),
        "without the absent": (
            digits(lambda count: 0 < count < fair),
            "And a digit that does not occur: did the network say too much of it, or too little?",
        ),
        "without the frequent": (
            digits(lambda count: count < sorted(counts)[-2]),
            "Do only two digits gain? Compare each one's share of the batch with a tenth.",
        ),
        "the balanced": (
            digits(lambda count: count == fair),
            "Each of these is two of the twenty, and a tenth was said. How large is its mean error?",
        ),
        "the commonest": (
            digits(lambda count: count == max(counts)),
            "A digit that is a quarter of the batch: was too much said of it, or too little?",
        ),
        "how many": (4, "Asked is which digits they are, in a set. Is that a number of digits?"),
        "texts": ({"2", "4", "5", "6"}, "These are texts. Write the digits as numbers, without quotes."),
        "all": (set(range(10)), "The errors of an image add up to 0. Can all ten biases go down?"),
        "none": (set(), "A bias has no pixel. What is its slope then: 0, or the error of its score?"),
    }
