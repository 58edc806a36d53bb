"""What do the three courses teach, in French?"""

from .words import Course, Lesson, Question, Quiz, Slide

WORDS = {
    "back": "Retour",
    "next": "Continuer",
    "hand_in": "Vérifier mes réponses",
    "check": "Vérifier mes réponses",
    "progress": "Étape {n} sur {of}",
    "passed": "{of} sur {of}. Bien cuit.",
    "again": "{n} sur {of}. Relisez, puis répondez de nouveau.",
}

WHEEL = Course(
    slug="premieres-semaines-au-tour",
    title="Premières semaines au tour",
    cover="wheel",
    summary="De la boule qui se débat au cylindre voulu. Battre, centrer, ouvrir, monter : une chose à la fois.",
    level="Pour débuter",
    length="4 leçons à lire et à faire",
    description="<p>Tout le monde veut un bol dès la première heure. Vous en ferez un, par accident. "
    "Ce cours démonte l’accident jusqu’à ce que vous le fassiez exprès.</p>"
    "<p>Il vous faut un tour, dix kilos de grès lisse, une éponge, un fil et une aiguille.</p>",
    lessons=(
        Lesson(
            slug="battre",
            title="Battre comme si cela comptait",
            intro="<p>La moitié des problèmes de centrage sont des problèmes de battage.</p>",
            paragraphs=(
                "<p>Coupez la terre au fil et regardez les faces. Des trous comme une tête d’épingle : "
                "de l’air. Des traînées : deux humidités qui ne se sont pas rencontrées. Les deux "
                "retrouveront vos doigts plus tard, à pleine vitesse.</p>",
                "<p>Poussez de l’épaule, pas du poignet, et tournez la motte d’un quart à chaque fois. "
                "<b>Trente poussées</b> pour une terre neuve, soixante pour une terre recyclée. Puis "
                "recoupez. Si les faces sont calmes, arrêtez : continuer ne fait que sécher.</p>",
                "<p>Pesez six boules de 500 grammes et couvrez-les. Vous tournerez les six et n’en "
                "garderez aucune.</p>",
            ),
        ),
        Lesson(
            slug="centrer",
            title="Centrer sans force",
            intro="<p>C’est de la géométrie, pas du muscle : ne laissez à la terre nulle part où aller.</p>",
            paragraphs=(
                "<p>Bloquez les coudes sur les hanches ou sur le bord du bac. La main gauche est un mur, "
                "la droite un couvercle. La terre passe entre elles cent cinquante fois par minute, et "
                "chaque fois le mur doit être là où il était.</p>",
                "<p>Montez en cône trois fois, descendez trois fois, et lâchez <i>lentement</i>. Lâchée "
                "vite, la terre garde votre dernier geste.</p>",
                "<p>L’épreuve : fermez les yeux et posez un doigt mouillé sur le flanc. Si vous ne "
                "pouvez pas dire qu’il bouge, c’est centré.</p>",
            ),
        ),
        Lesson(
            slug="ouvrir-et-monter",
            title="Ouvrir, puis monter",
            intro="<p>Le fond d’abord : on ne l’ajoute pas après.</p>",
            paragraphs=(
                "<p>Descendez les pouces tout droit et arrêtez plus tôt que vous n’osez. L’aiguille à "
                "travers le fond : huit millimètres pour une tasse ; six, c’est un trou qui attend le "
                "tournasage.</p>",
                "<p>Chaque montée part de tout en bas, avec une pause jusqu’à sentir l’anneau de terre "
                "glisser sous le doigt. Montez ensuite à la vitesse du tour : un tour, un doigt. Trois "
                "montées. La quatrième est souvent de trop.</p>",
            ),
        ),
        Lesson(
            slug="couper-en-deux",
            title="Couper en deux",
            intro="<p>La leçon dont personne ne veut, et celle qui marche.</p>",
            paragraphs=(
                "<p>Prenez le meilleur cylindre de la semaine. Posez le fil sur la lèvre et tirez à "
                "travers le fond. Couchez les moitiés et mesurez la paroi au pied, au milieu, au "
                "bord.</p>",
                "<p>Épaisse au pied : vous avez commencé trop haut. Mince au milieu : vous vous êtes "
                "dépêché là. Notez les trois chiffres et la date. Dans quatre semaines, vous n’y "
                "croirez plus.</p>",
            ),
        ),
    ),
)

GLAZE = Course(
    slug="emailler-sans-deviner",
    title="Émailler sans deviner",
    cover="glaze",
    summary="Ce que font les quatre ingrédients, comment éprouver une recette avec douze tuiles, et "
    "comment savoir si l’on peut y manger.",
    level="Pour qui a déjà cuit une fois",
    length="1 leçon interactive, 1 à lire",
    description="<p>Un émail est un verre qui reste où on le pose. Quand on sait quel ingrédient fait "
    "le verre, lequel le fond et lequel le retient, les recettes cessent d’être des formules "
    "magiques.</p><p>La leçon interactive se souvient de l’endroit où vous l’avez quittée et finit "
    "par trois questions.</p>",
    lessons=(
        Lesson(
            slug="dans-le-seau",
            title="Ce qu’il y a dans le seau",
            intro="<p>Une demi-heure environ, quelques questions à la fin. On peut s’arrêter partout.</p>",
            quiz=Quiz(
                title="Ce qu’il y a dans le seau",
                slides=(
                    Slide(
                        "Le verre, le fondant, la colle",
                        (
                            "La silice est le verre. Seule, elle fond à 1710 °C, hors de portée d’un four d’atelier.",
                            "Les fondants abaissent ce point : feldspath, craie, cendre de bois. Chacun "
                            "tire de son côté ; la craie durcit et matit, le feldspath brille et "
                            "tressaille.",
                            "L’argile est la colle. Son alumine retient la fonte sur le pot et empêche la "
                            "poudre de se tasser en brique au fond du seau.",
                        ),
                    ),
                    Slide(
                        "Douze tuiles",
                        (
                            "Une seule chose change à la fois. Prenez votre recette et ajoutez 2, 4, 6 … "
                            "24 pour cent d’un ingrédient : douze tuiles, une cuisson.",
                            "Quelque part dans la rangée, la surface change d’avis. Cet endroit en dit "
                            "plus que tous les pots finis.",
                        ),
                    ),
                    Slide(
                        "Peut-on y manger ?",
                        (
                            "Plongez une tuile à moitié dans du jus de citron, une nuit. Si la ligne se "
                            "voit, les acides emportent quelque chose de l’émail, et vous ne savez pas "
                            "quoi.",
                            "S’il contient du baryum, du plomb, du cadmium ou beaucoup de cuivre, jamais à "
                            "l’intérieur, quoi que dise le citron.",
                        ),
                    ),
                ),
                questions=(
                    Question(
                        "Quel ingrédient retient la fonte sur le pot ?",
                        ("La silice", "L’alumine de l’argile", "La craie"),
                        1,
                    ),
                    Question(
                        "Combien de choses changent le long d’une rangée de tuiles ?",
                        ("Une", "Deux", "Autant qu’on veut, si l’on prend des notes"),
                        0,
                    ),
                    Question(
                        "Le citron laisse une ligne sur la tuile. Que faites-vous ?",
                        (
                            "Recuire en espérant",
                            "S’en servir pour les tasses, pas pour les assiettes",
                            "L’écarter de tout ce qui touche la nourriture",
                        ),
                        2,
                    ),
                ),
                words=WORDS,
            ),
        ),
        Lesson(
            slug="tenir-un-cahier",
            title="Tenir un cahier d’émaux",
            intro="<p>Cinq colonnes, et plus jamais d’émail perdu.</p>",
            paragraphs=(
                "<p>La recette, le poids d’eau pour 100 grammes de poudre, les secondes dans le seau, la "
                "place dans le four, ce qui en est sorti. Collez la tuile à côté.</p>",
                "<p>Écrivez avant d’ouvrir le four, pas après. Après, vous croirez l’avoir su.</p>",
            ),
        ),
    ),
)

FIRE = Course(
    slug="lire-le-four",
    title="Lire le four",
    cover="kiln",
    summary="Montres, couleur, atmosphère : ce que le four raconte pendant dix heures, à qui sait où regarder.",
    level="Pour qui cuit, ou cuira",
    length="1 leçon avec exercices",
    description="<p>Le régulateur affiche une température. Les montres disent ce que la chaleur a "
    "fait. S’ils se contredisent, les montres ont raison.</p>",
    lessons=(
        Lesson(
            slug="montres-et-couleur",
            title="Montres et couleur",
            intro="<p>Lisez, regardez par l’œilleton en pensée, puis répondez.</p>",
            paragraphs=(
                "<p>Une montre est une petite pyramide d’émail qui se courbe quand elle a reçu assez de "
                "chaleur : température <i>et</i> durée. Posez-en trois là où vous les voyez : celle "
                "d’avant, celle qu’on veut, celle qu’il ne faut pas atteindre.</p>",
                "<p>La couleur vient avant les montres. Rouge sombre à 650 °C, cerise à 800, orange à "
                "1000, paille à 1200. Au-delà, regardez à travers un verre teinté, et brièvement.</p>",
                "<p>Une flamme paresseuse qui se penche hors de l’œilleton : le four manque d’air. C’est "
                "la réduction, et pour un émail au fer, toute la différence entre le brun et la couleur "
                "d’un lac.</p>",
            ),
            quiz=Quiz(
                title="À l’œilleton",
                slides=(Slide("", ("Trois moments d’une cuisson. Que faites-vous ?",)),),
                questions=(
                    Question(
                        "Le régulateur dit 1260 °C, mais la montre visée est encore debout. Qui croire ?",
                        ("Le régulateur", "La montre", "La moyenne des deux"),
                        1,
                    ),
                    Question(
                        "La chambre est orange. Quelle température, environ ?",
                        ("650 °C", "1000 °C", "1300 °C"),
                        1,
                    ),
                    Question(
                        "Une flamme paresseuse se penche hors de l’œilleton. Le four…",
                        ("manque d’air", "est trop froid", "a fini"),
                        0,
                    ),
                ),
                words=WORDS,
            ),
        ),
    ),
)

COURSES = (WHEEL, GLAZE, FIRE)
