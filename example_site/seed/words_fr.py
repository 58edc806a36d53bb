"""What does the school say in French, its courses apart?"""

from .courses_fr import COURSES
from .words import SchoolWords, StandardPage

HOME = {
    "title": "Alder & Ash",
    "seo_title": "Alder & Ash : une école de la terre",
    "search_description": "Apprendre à tourner, émailler et cuire le grès chez soi, avec deux "
    "potiers qui répondent en direct.",
    "hero_kicker": "École de poterie, à Dieulefit et en ligne",
    "hero_title": "Un pot qu’on garde demande du temps. Ce temps s’apprend.",
    "hero_text": "Alder & Ash, ce sont deux potiers, un four à bois et trois cours. Vous apprenez à "
    "votre tour, à votre rythme, et vous nous apportez le pot qui s’est effondré.",
    "memberships_title": "Choisissez jusqu’où aller",
    "memberships_text": "Un prix, tout est compris, on s’arrête quand on veut.",
    "courses_title": "Trois cours, dans l’ordre où vient la terre",
    "courses_text": "La faire tenir, lui donner une peau, la mener au feu.",
    "sessions_title": "Rendez-vous au four",
    "sessions_text": "En direct, en petit comité, et enregistré pour ceux qui dorment.",
    "quote": "On centre le jour où l’on cesse de pousser. Ce jour, je ne peux pas le faire venir, "
    "mais je peux vous dire quoi faire de vos coudes en attendant.",
    "quote_by": "Inès Faure, tourne et enseigne",
    "questions_title": "Vos questions, comme on y répond à l’établi",
}

QUESTIONS = (
    (
        "Faut-il un tour ?",
        "<p>Pour le premier cours, oui, ou un lieu qui vous en prête un : la plupart des villes ont "
        "un atelier ouvert. Pour l’émail et la cuisson, il faut un carnet, une balance au dixième "
        "de gramme et quelqu’un qui cuit vos pots.</p>",
    ),
    (
        "Peut-on vraiment apprendre cela devant un écran ?",
        "<p>Pas tout. Un écran montre ce qu’il faut regarder, et dans quel ordre. Il ne tient pas "
        "vos mains : filmez-les donc, et apportez le film à une séance en direct. Ceux qui le font "
        "y arrivent. Ceux qui ne font que regarder, non.</p>",
    ),
    (
        "Que se passe-t-il si je résilie ?",
        "<p>Vous gardez tout jusqu’à la fin de la période payée, puis cela se ferme. Rien n’est "
        "effacé : revenez dans un an, le cours s’ouvre là où vous l’aviez laissé.</p>",
    ),
    (
        "Puis-je manger dans mon émail ?",
        "<p>Nous vous apprendrons à le savoir, et nous ne le dirons pas d’après une photo. Personne "
        "d’honnête ne le fera.</p>",
    ),
    (
        "Donnez-vous des diplômes ?",
        "<p>Non. Vous aurez des pots.</p>",
    ),
)

ABOUT = StandardPage(
    slug="a-propos",
    title="L’école",
    cover="studio",
    intro="Deux potiers dans une ancienne laiterie au-dessus de Dieulefit, village qui fait des pots "
    "depuis que les Romains ont trouvé son argile.",
    body="<p>Inès Faure a appris à tourner au Japon et en a désappris la moitié en France. Elle fait "
    "de la vaisselle et donne le premier cours. Tom Adeyemi était chimiste dans une usine de "
    "carrelage, jusqu’à l’émail de trop. Il donne les deux autres et tient le cahier du four.</p>"
    "<p>Nous avons ouvert l’école en 2019 avec onze élèves et une caméra scotchée à un balai. Le "
    "balai est parti. La classe est restée petite : nous répondons à tout nous-mêmes, en français "
    "et en anglais, du lundi au vendredi.</p>"
    "<h2>Ce que nous croyons</h2>"
    "<ul><li>Un pot coupé en deux apprend plus qu’un pot gardé.</li>"
    "<li>Écrivez. Le four ne s’en souviendra pas pour vous.</li>"
    "<li>Le bois, l’eau et la terre sont empruntés. Nous plantons quarante aulnes par an et "
    "recyclons tout ce qui n’a pas été cuit.</li></ul>",
)

CONTACT = StandardPage(
    slug="contact",
    title="Contact",
    cover="table",
    intro="Écrivez-nous : un potier répond, en général le jour même, jamais un jour de cuisson.",
    body='<p>Courriel : <a href="mailto:hello@alder-ash.example">hello@alder-ash.example</a><br/>'
    "Téléphone : +33 4 65 71 00 00, du mardi au vendredi, de 10 h à 12 h</p>"
    "<h2>Venir</h2>"
    "<p>La Vieille Laiterie, chemin des Aulnes, 26220 Dieulefit. La boutique est ouverte le samedi, "
    "d’avril à octobre. Les jours de cuisson, la porte reste ouverte toute la nuit, et vous pouvez "
    "nourrir le four si vous apportez des gants.</p>"
    "<h2>Quelque chose de cassé ?</h2>"
    "<p>Si un paiement, une leçon ou un téléchargement ne marche pas, dites-nous où vous avez cliqué "
    "et ce que vous avez vu. Mieux vaut l’entendre deux fois que pas du tout.</p>",
)

TERMS = StandardPage(
    slug="conditions",
    title="Conditions de vente",
    cover="",
    in_menu=False,
    intro="La version courte est la version entière.",
    body="<p>Une adhésion ouvre les cours, séances en direct et téléchargements que sa page énumère, "
    "tant qu’elle est payée. Le prix est toutes taxes comprises.</p>"
    "<h2>Payer, s’arrêter</h2>"
    "<p>Elle se renouvelle à la fin de chaque période. Vous pouvez résilier à tout moment sur la page "
    "de votre compte ; l’accès dure alors jusqu’à la fin de la période payée. Si un paiement échoue, "
    "nous réessayons, et vous gardez l’accès pendant les jours indiqués sur la page de "
    "l’adhésion.</p>"
    "<h2>Changer d’avis</h2>"
    "<p>Vous avez 14 jours. Écrivez-nous et nous remboursons tout, même si vous avez tout vu.</p>"
    "<h2>Ce que vous pouvez en faire</h2>"
    "<p>Servez-vous de ce que vous apprenez dans tous les pots que vous faites ou vendez. Merci de "
    "ne pas transmettre les films et les fichiers.</p>",
)

PRIVACY = StandardPage(
    slug="confidentialite",
    title="Confidentialité",
    cover="",
    in_menu=False,
    intro="Nous connaissons votre nom, votre adresse, ce que vous avez acheté et où vous en êtes. C’est tout.",
    body="<p>Le paiement passe par Stripe ; nous ne voyons jamais votre carte. Les séances en direct "
    "utilisent un service vidéo dont nous vous donnons l’adresse. Aucune page de l’école ne charge "
    "quoi que ce soit d’ailleurs : ni statistiques, ni polices, ni publicité.</p>"
    "<h2>Témoins</h2>"
    "<p>Un pour rester connecté, un pour protéger les formulaires. Aucun ne vous suit.</p>"
    "<h2>Vos données</h2>"
    "<p>Écrivez-nous pour les voir, les corriger ou les faire effacer. Les factures doivent être "
    "gardées dix ans.</p>",
)

FRENCH = SchoolWords(
    language="fr",
    home=HOME,
    questions=QUESTIONS,
    courses_title="Cours",
    courses_slug="cours",
    courses_intro="Chaque cours se suffit ; ensemble, ils font environ un an de soirées. Les leçons "
    "s’ouvrent aux adhérents et restent ouvertes tant que dure l’adhésion.",
    pages=(ABOUT, CONTACT, TERMS, PRIVACY),
    courses=COURSES,
)
