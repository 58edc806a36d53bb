"""What does the school say in English, its courses apart?"""

from .courses_en import COURSES
from .words import SchoolWords, StandardPage

HOME = {
    "title": "Alder & Ash",
    "seo_title": "Alder & Ash: a school for clay",
    "search_description": "Learn to throw, glaze and fire stoneware from home, with two potters "
    "who answer your questions live.",
    "hero_kicker": "Pottery school, Dieulefit and online",
    "hero_title": "Pots worth keeping take time. We teach that time.",
    "hero_text": "Alder & Ash is two potters, one wood kiln and three courses. You learn at your "
    "own wheel, in your own weeks, and bring us the pot that collapsed.",
    "memberships_title": "Pick how far you want to go",
    "memberships_text": "One price, everything in it, stop whenever you like.",
    "courses_title": "Three courses, in the order in which clay happens",
    "courses_text": "Make it stand, give it a surface, take it through the fire.",
    "sessions_title": "Meet us at the kiln",
    "sessions_text": "Live, small, and recorded for those who sleep through it.",
    "quote": "Everyone centres on the day they stop pushing. I can't make that day come, but I can "
    "tell you what your elbows should be doing until it does.",
    "quote_by": "Inès Faure, throws and teaches",
    "questions_title": "Questions, answered as we would at the bench",
}

QUESTIONS = (
    (
        "Do I need a wheel?",
        "<p>For the first course, yes, or a place that lends you one: most towns have a studio with "
        "open hours. For glazing and firing you need a notebook, a scale that reads a tenth of a "
        "gram, and somebody who fires your pots.</p>",
    ),
    (
        "Can I really learn this from a screen?",
        "<p>Not all of it. A screen can show you what to look for and in what order. It cannot hold "
        "your hands, so we ask you to film yours and bring the film to a live session. People who "
        "do that get there. People who only watch don't.</p>",
    ),
    (
        "What happens when I cancel?",
        "<p>You keep everything until the end of the time you paid for, then it closes. Nothing is "
        "deleted: come back in a year and the course opens where you left it.</p>",
    ),
    (
        "Is my glaze safe to eat from?",
        "<p>We will teach you how to find out, and we will not tell you it is safe from a "
        "photograph. Nobody honest will.</p>",
    ),
    (
        "Do you give certificates?",
        "<p>No. You will have pots.</p>",
    ),
)

ABOUT = StandardPage(
    slug="about",
    title="About",
    cover="studio",
    intro="Two potters in an old dairy above Dieulefit, a village that has made pots since the Romans found its clay.",
    body="<p>Inès Faure learned to throw in Japan and unlearned half of it in France. She makes "
    "tableware, and teaches the first course. Tom Adeyemi was a chemist at a tile factory until he "
    "asked for one unusual glaze too many. He teaches the other two and keeps the kiln log.</p>"
    "<p>We opened the school in 2019 with eleven students and a camera taped to a broom. The broom "
    "is gone. The class is still small: we answer everything ourselves, in English and in French, "
    "on weekdays.</p>"
    "<h2>What we believe</h2>"
    "<ul><li>A pot you cut in half teaches more than a pot you keep.</li>"
    "<li>Write it down. The kiln will not remember for you.</li>"
    "<li>Wood, water and clay are borrowed. We plant forty alders a year and reclaim every scrap "
    "that has not been fired.</li></ul>",
)

CONTACT = StandardPage(
    slug="contact",
    title="Contact",
    cover="table",
    intro="Write to us; a potter answers, usually the same day, and never on a firing day.",
    body='<p>E-mail: <a href="mailto:hello@alder-ash.example">hello@alder-ash.example</a><br/>'
    "Telephone: +33 4 65 71 00 00, Tuesday to Friday, 10:00 to 12:00 (Paris time)</p>"
    "<h2>Visit</h2>"
    "<p>La Vieille Laiterie, chemin des Aulnes, 26220 Dieulefit, France. The shop is open on "
    "Saturdays from April to October. On firing days the door is open all night, and you are "
    "welcome to feed the kiln if you bring gloves.</p>"
    "<h2>Something broken?</h2>"
    "<p>If a payment, a lesson or a download does not work, tell us what you clicked and what you "
    "saw. We would rather hear it twice than not at all.</p>",
)

TERMS = StandardPage(
    slug="terms",
    title="Terms of sale",
    cover="",
    in_menu=False,
    intro="The short version is the whole version.",
    body="<p>A membership opens the courses, live sessions and downloads that its page names, for as "
    "long as it is paid. The price includes tax.</p>"
    "<h2>Paying and stopping</h2>"
    "<p>It renews by itself at the end of each period. You can cancel on your account page at any "
    "moment; access then lasts until the end of the period you paid for. If a payment fails we try "
    "again and you keep your access for the days that the membership's page states.</p>"
    "<h2>Changing your mind</h2>"
    "<p>You have 14 days from the day you join. Write to us and we pay everything back, even if you "
    "have watched it all.</p>"
    "<h2>What you may do with it</h2>"
    "<p>Use what you learn in any pot you make or sell. Please do not pass on the films and "
    "files.</p>",
)

PRIVACY = StandardPage(
    slug="privacy",
    title="Privacy",
    cover="",
    in_menu=False,
    intro="We know your name, your e-mail address, what you bought and how far you got. That is all.",
    body="<p>Payment is done by Stripe; we never see your card. Live sessions run on a video service "
    "whose address you get from us. No page of this school loads anything from anybody else: no "
    "statistics, no fonts, no advertisements.</p>"
    "<h2>Cookies</h2>"
    "<p>One that keeps you signed in, one that protects forms. Neither follows you anywhere.</p>"
    "<h2>Your data</h2>"
    "<p>Write to us to see it, correct it or have it deleted. Invoices we must keep for ten "
    "years.</p>",
)

ENGLISH = SchoolWords(
    language="en",
    home=HOME,
    questions=QUESTIONS,
    courses_title="Courses",
    courses_slug="courses",
    courses_intro="Each course stands alone; together they are about a year of evenings. Lessons "
    "open to members, and stay open as long as the membership does.",
    pages=(ABOUT, CONTACT, TERMS, PRIVACY),
    courses=COURSES,
)
