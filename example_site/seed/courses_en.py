"""What do the three courses teach, in English?"""

from .words import Course, Lesson, Question, Quiz, Slide

WORDS = {
    "back": "Back",
    "next": "Continue",
    "hand_in": "Check my answers",
    "check": "Check my answers",
    "progress": "Step {n} of {of}",
    "passed": "All {of} right. Well fired.",
    "again": "{n} of {of} right. Look again, then answer again.",
}

WHEEL = Course(
    slug="first-weeks-at-the-wheel",
    title="First weeks at the wheel",
    cover="wheel",
    summary="From a lump that fights back to a cylinder you meant. Wedging, centring, opening, "
    "pulling: one thing at a time.",
    level="For beginners",
    length="4 lessons to read and do",
    description="<p>Everybody wants to make a bowl in the first hour. You will, and it will be an "
    "accident. This course takes the accident apart until you can do it on purpose.</p>"
    "<p>You need a wheel, ten kilos of a smooth stoneware body, a sponge, a wire and a needle.</p>",
    lessons=(
        Lesson(
            slug="wedge",
            title="Wedge as if it mattered",
            intro="<p>Half of the centring problems we see are wedging problems.</p>",
            paragraphs=(
                "<p>Cut your clay with the wire and look at the faces. Holes the size of a pinhead are "
                "air; streaks are two wetnesses that have not met. Both will find your fingers later, "
                "at speed.</p>",
                "<p>Push from the shoulder, not from the wrist, and turn the lump a quarter each time. "
                "<b>Thirty pushes</b> for fresh clay, sixty for reclaimed. Then cut again. If the faces "
                "are quiet, stop: more wedging only dries it.</p>",
                "<p>Weigh out six balls of 500 grams and cover them. You will throw all six and keep none.</p>",
            ),
        ),
        Lesson(
            slug="centre",
            title="Centre without strength",
            intro="<p>It is geometry, not muscle: give the clay nowhere else to go.</p>",
            paragraphs=(
                "<p>Lock your elbows into your hips or onto the edge of the pan. Your left hand is a "
                "wall, your right hand is a lid. The clay passes between them a hundred and fifty "
                "times a minute, and each time the wall must be where it was.</p>",
                "<p>Cone up three times, down three times, and let go <i>slowly</i>. If you let go fast "
                "the clay keeps your last movement.</p>",
                "<p>Test: close your eyes and lay a wet fingertip against the side. If you cannot say "
                "that it moves, it is centred.</p>",
            ),
        ),
        Lesson(
            slug="open-and-pull",
            title="Open, then pull",
            intro="<p>The floor first, because you cannot add it later.</p>",
            paragraphs=(
                "<p>Drop your thumbs straight down and stop earlier than you dare. Needle through the "
                "floor: eight millimetres is right for a mug, six is a hole waiting to be trimmed.</p>",
                "<p>Each pull starts at the very bottom, with a pause there until you feel the ring of "
                "clay ride up under your finger. Then rise at the speed of the wheel: one turn, one "
                "finger's width. Three pulls. A fourth is usually one too many.</p>",
            ),
        ),
        Lesson(
            slug="cut-it-in-half",
            title="Cut it in half",
            intro="<p>The lesson nobody wants, and the one that works.</p>",
            paragraphs=(
                "<p>Take your best cylinder of the week. Put the wire across the rim and pull it down "
                "through the floor. Lay the halves on their backs and measure the wall at the foot, "
                "the middle and the rim.</p>",
                "<p>Thick at the foot means you started the pull too high. Thin in the middle means you "
                "hurried there. Write down the three numbers and the date. In four weeks you will not "
                "believe these.</p>",
            ),
        ),
    ),
)

GLAZE = Course(
    slug="glaze-without-guessing",
    title="Glaze without guessing",
    cover="glaze",
    summary="What the four ingredients do, how to test a recipe with twelve tiles, and how to know "
    "whether you may eat from it.",
    level="For those who have fired once",
    length="1 interactive lesson, 1 to read",
    description="<p>A glaze is glass that stays where you put it. Once you know which ingredient "
    "makes the glass, which one melts it and which one makes it stay, recipes stop being spells.</p>"
    "<p>The interactive lesson remembers where you stopped and ends with three questions.</p>",
    lessons=(
        Lesson(
            slug="what-is-in-the-bucket",
            title="What is in the bucket",
            intro="<p>About half an hour, with a few questions at the end. You can stop anywhere.</p>",
            quiz=Quiz(
                title="What is in the bucket",
                slides=(
                    Slide(
                        "Glass, melter, glue",
                        (
                            "Silica is the glass. Alone it melts at 1710 °C, which no studio kiln reaches.",
                            "Fluxes bring that down: feldspar, chalk, wood ash. Each pulls in its own "
                            "direction; chalk makes glazes hard and matt, feldspar glossy and crazed.",
                            "Clay is the glue. Its alumina keeps the melt from running off the pot and "
                            "keeps the powder from sinking to a brick in the bucket.",
                        ),
                    ),
                    Slide(
                        "Twelve tiles",
                        (
                            "Change one thing at a time. Take your recipe and add 2, 4, 6 … 24 percent of "
                            "one ingredient: twelve tiles, one firing.",
                            "Somewhere in that row the surface changes its mind. That place tells you "
                            "more than any number of finished pots.",
                        ),
                    ),
                    Slide(
                        "May one eat from it?",
                        (
                            "Half-bury a tile in lemon juice overnight. If the line shows, food acids are "
                            "taking something out of the glaze, and you do not know what.",
                            "If your glaze holds barium, lead, cadmium or a lot of copper, keep it off "
                            "the inside of anything, whatever the lemon says.",
                        ),
                    ),
                ),
                questions=(
                    Question(
                        "Which ingredient keeps the melt on the pot?",
                        ("Silica", "The alumina in clay", "Chalk"),
                        1,
                    ),
                    Question(
                        "How many things change along a row of test tiles?",
                        ("One", "Two", "As many as you like, if you take notes"),
                        0,
                    ),
                    Question(
                        "The lemon leaves a line on the tile. What do you do?",
                        (
                            "Fire it again and hope",
                            "Use it for cups, but not for plates",
                            "Keep it off surfaces that touch food",
                        ),
                        2,
                    ),
                ),
                words=WORDS,
            ),
        ),
        Lesson(
            slug="keep-a-glaze-book",
            title="Keep a glaze book",
            intro="<p>Five columns. That is all it takes to never lose a glaze again.</p>",
            paragraphs=(
                "<p>Recipe, weight of water to 100 grams of powder, how many seconds in the bucket, "
                "where in the kiln, what came out. Tape the tile beside it.</p>",
                "<p>Write before you open the kiln, not after. Afterwards you will remember having known it.</p>",
            ),
        ),
    ),
)

FIRE = Course(
    slug="reading-the-kiln",
    title="Reading the kiln",
    cover="kiln",
    summary="Cones, colour, atmosphere: what the kiln tells you during ten hours, if you know where to look.",
    level="For those who fire, or will",
    length="1 lesson with practice questions",
    description="<p>The controller shows a temperature. The cones show what the heat has done. When "
    "the two disagree, the cones are right.</p>",
    lessons=(
        Lesson(
            slug="cones-and-colour",
            title="Cones and colour",
            intro="<p>Read, look through the spyhole in your mind, then try the questions.</p>",
            paragraphs=(
                "<p>A cone is a small pyramid of glaze that bends when it has had enough heat-work: "
                "temperature <i>and</i> time. Set three on a shelf where you can see them: the one "
                "before, the one you want, the one you must not reach.</p>",
                "<p>Colour comes before the cones do. Dull red at 650 °C, cherry at 800, orange at 1000, "
                "straw at 1200. Past straw, look through dark glass, and briefly.</p>",
                "<p>A flame at the spyhole that leans outward and turns lazy means the kiln is short of "
                "air. That is reduction, and for an iron glaze it is the difference between brown and "
                "the colour of a lake.</p>",
            ),
            quiz=Quiz(
                title="At the spyhole",
                slides=(Slide("", ("Three moments of one firing. What do you do?",)),),
                questions=(
                    Question(
                        "The controller says 1260 °C, but your target cone still stands. What counts?",
                        ("The controller", "The cone", "The average of both"),
                        1,
                    ),
                    Question(
                        "The chamber glows orange. About how hot is it?",
                        ("650 °C", "1000 °C", "1300 °C"),
                        1,
                    ),
                    Question(
                        "A lazy flame leans out of the spyhole. The kiln is…",
                        ("short of air", "too cold", "finished"),
                        0,
                    ),
                ),
                words=WORDS,
            ),
        ),
    ),
)

COURSES = (WHEEL, GLAZE, FIRE)
