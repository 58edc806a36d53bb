"""What do the hosted pages say, in English and in French?"""

from __future__ import annotations

from . import portal_texts

# name: (English, French). Placeholders are named, and filled in with ``str.format``.
TEXTS: dict[str, tuple[str, str]] = {
    # on every page
    "sandbox": ("Sandbox", "Bac à sable"),
    "no_real_money": ("no real money", "aucun argent réel"),
    "skip": ("Skip to payment", "Aller au paiement"),
    "optional": ("optional", "facultatif"),
    "powered": (
        "A stand-in for Stripe’s payment page, for trying things out. Nothing you type here leaves this computer.",
        "Une page de paiement d’essai qui remplace celle de Stripe. Rien de ce que vous saisissez ne quitte cet ordinateur.",
    ),
    "back_to": ("Back to {seller}", "Retour à {seller}"),
    "back": ("Back", "Retour"),
    "error_prefix": ("Error: {title}", "Erreur : {title}"),
    "problem": ("There is a problem", "Il y a un problème"),
    # the order
    "order": ("Your order", "Votre commande"),
    "quantity": ("Quantity {count}", "Quantité {count}"),
    "subtotal": ("Subtotal", "Sous-total"),
    "tax": ("Tax", "Taxes"),
    "due_today": ("Due today", "À payer aujourd’hui"),
    "total": ("Total", "Total"),
    "applied_balance": ("Applied balance", "Solde utilisé"),
    "then": ("Then {price} starting {date}", "Puis {price} à partir du {date}"),
    "discount": ("Discount {name}", "Réduction {name}"),
    "days_free": ("{count} days free", "{count} jours gratuits"),
    "day_free": ("1 day free", "1 jour gratuit"),
    "free_until": ("Free until {date}", "Gratuit jusqu’au {date}"),
    # the form
    "contact": ("Contact", "Coordonnées"),
    "email": ("E-mail", "Adresse e-mail"),
    "card": ("Payment by card", "Paiement par carte"),
    "card_optional": (
        "You need no card to start the trial. Leave these fields empty, or add a card now so that your access goes on afterwards.",
        "Aucune carte n’est nécessaire pour commencer l’essai. Laissez ces champs vides, ou ajoutez une carte pour que votre accès continue ensuite.",
    ),
    "name": ("Name on card", "Nom du titulaire"),
    "name_only": ("Full name", "Nom complet"),
    "number": ("Card number", "Numéro de carte"),
    "expiry": ("Expiry (MM / YY)", "Expiration (MM / AA)"),
    "cvc": ("Security code (CVC)", "Code de sécurité (CVC)"),
    "promotion": ("Promotion code", "Code promotionnel"),
    "apply": ("Apply", "Appliquer"),
    "remove_code": ("Remove the code {code}", "Retirer le code {code}"),
    "promotion_applied": (
        "The promotion code {code} applies. Look at the new amount, then confirm.",
        "Le code promotionnel {code} est pris en compte. Vérifiez le nouveau montant, puis confirmez.",
    ),
    "terms": (
        "I agree to the terms of service of {seller}",
        "J’accepte les conditions d’utilisation de {seller}",
    ),
    "pay": ("Pay {amount}", "Payer {amount}"),
    "start_trial": ("Start trial", "Commencer l’essai"),
    "subscribe": ("Subscribe", "S’abonner"),
    "confirm": ("Confirm", "Confirmer"),
    "fine_print": (
        "By confirming you allow {seller} to charge your card {today} now and {price} from {date}, until you cancel.",
        "En confirmant, vous autorisez {seller} à débiter votre carte de {today} maintenant, puis de {price} à partir du {date}, jusqu’à résiliation.",
    ),
    "fine_print_later": (
        "By confirming you allow {seller} to charge your card {price} from {date}, until you cancel.",
        "En confirmant, vous autorisez {seller} à débiter votre carte de {price} à partir du {date}, jusqu’à résiliation.",
    ),
    "fine_print_no_card": (
        "Without a card the trial simply ends on {date}.",
        "Sans carte, l’essai se termine simplement le {date}.",
    ),
    # the test cards
    "test_cards": ("Test cards", "Cartes de test"),
    "test_cards_intro": (
        "Use one of these numbers with any date in the future and any security code.",
        "Utilisez un de ces numéros avec une date future et un code de sécurité quelconques.",
    ),
    "use_card": ("Use", "Utiliser"),
    "use_card_named": ("Use card {number}", "Utiliser la carte {number}"),
    "what_it_does": ("What it does", "Ce qu’elle fait"),
    # by debit
    "debit": ("SEPA Direct Debit", "Prélèvement SEPA"),
    "debit_instead": ("instead of a card", "au lieu d’une carte"),
    "iban": ("IBAN", "IBAN"),
    "mandate": (
        "With your IBAN you allow {seller} to take the amount from your bank account. The bank answers some days later.",
        "Avec votre IBAN, vous autorisez {seller} à prélever le montant sur votre compte. La banque répond quelques jours plus tard.",
    ),
    "test_accounts": ("Test bank accounts", "Comptes bancaires de test"),
    "iban_pays": ("Is paid after five days", "Est payé après cinq jours"),
    "iban_fails": ("Fails after five days", "Échoue après cinq jours"),
    "iban_pays_soon": ("Is paid after three minutes", "Est payé après trois minutes"),
    "iban_fails_soon": ("Fails after three minutes", "Échoue après trois minutes"),
    "iban_wrong": ("This is not the IBAN of a test account.", "Ce n’est pas l’IBAN d’un compte de test."),
    "iban_and_card": (
        "Pay with a card or with a bank account, and leave the other empty.",
        "Payez par carte ou par prélèvement, et laissez l’autre vide.",
    ),
    # what is wrong
    "email_missing": ("Enter your e-mail address.", "Saisissez votre adresse e-mail."),
    "email_wrong": (
        "Enter an e-mail address like name@example.com.",
        "Saisissez une adresse e-mail comme nom@exemple.fr.",
    ),
    "name_missing": ("Enter the name on the card.", "Saisissez le nom qui figure sur la carte."),
    "number_missing": ("Enter the card number.", "Saisissez le numéro de carte."),
    "number_wrong": (
        "This is not a card number. Check the digits.",
        "Ce n’est pas un numéro de carte. Vérifiez les chiffres.",
    ),
    "expiry_missing": ("Enter the expiry date.", "Saisissez la date d’expiration."),
    "expiry_wrong": (
        "Enter the expiry date as month and year, like 12 / 34.",
        "Saisissez la date d’expiration en mois et année, comme 12 / 34.",
    ),
    "expiry_past": ("This card has expired.", "Cette carte a expiré."),
    "cvc_missing": ("Enter the security code.", "Saisissez le code de sécurité."),
    "cvc_wrong": ("The security code has 3 or 4 digits.", "Le code de sécurité comporte 3 ou 4 chiffres."),
    "promotion_missing": ("Enter a promotion code.", "Saisissez un code promotionnel."),
    "terms_missing": ("Accept the terms to go on.", "Acceptez les conditions pour continuer."),
    # Between two texts.
    "colon": (": ", " : "),
    "not_possible": ("This is not possible: {reason}", "Ce n’est pas possible : {reason}"),
    # checkout pages that are over
    "completed_title": ("This order is complete", "Cette commande est terminée"),
    "completed_text": (
        "Everything went through. Nothing will be charged a second time.",
        "Tout s’est bien passé. Rien ne sera débité une deuxième fois.",
    ),
    "expired_title": ("This payment page has expired", "Cette page de paiement a expiré"),
    "expired_text": (
        "Nothing was charged. Go back to {seller} and start again.",
        "Rien n’a été débité. Retournez chez {seller} et recommencez.",
    ),
    "continue_to": ("Continue to {seller}", "Continuer vers {seller}"),
    "missing_title": ("There is nothing here", "Il n’y a rien ici"),
    "missing_text": (
        "The address is wrong, or the sandbox has been reset since it was made.",
        "L’adresse est fausse, ou le bac à sable a été remis à zéro depuis.",
    ),
    # the bank
    "bank": ("Your bank", "Votre banque"),
    "bank_title": ("Your bank asks you to confirm", "Votre banque vous demande de confirmer"),
    "bank_text": (
        "With a real card your bank would now ask for a code or for your fingerprint. In the sandbox you choose how it ends.",
        "Avec une vraie carte, votre banque demanderait maintenant un code ou votre empreinte. Dans le bac à sable, vous choisissez l’issue.",
    ),
    "bank_amount": ("Amount", "Montant"),
    "bank_seller": ("Seller", "Vendeur"),
    "bank_card": ("Card", "Carte"),
    "bank_no_charge": ("No charge today; the card is saved", "Aucun débit aujourd’hui ; la carte est enregistrée"),
    "complete": ("Complete", "Confirmer"),
    "fail": ("Fail", "Refuser"),
    "bank_done_title": ("This confirmation is already answered", "Cette confirmation a déjà reçu une réponse"),
    "bank_done_text": ("You can close this page.", "Vous pouvez fermer cette page."),
    "authentication_failed": (
        "Your bank did not confirm the payment. Nothing was charged. Try again or use another card.",
        "Votre banque n’a pas confirmé le paiement. Rien n’a été débité. Réessayez ou utilisez une autre carte.",
    ),
    # the invoice
    "invoice": ("Invoice", "Facture"),
    "invoice_number": ("Invoice {number}", "Facture {number}"),
    "invoice_draft": ("Draft invoice", "Brouillon de facture"),
    "issued": ("Issued", "Émise le"),
    "billed_to": ("Billed to", "Facturée à"),
    "status": ("Status", "État"),
    "invoice_due": ("Due", "Échéance"),
    "paid_label": ("Paid", "Payée le"),
    "lines": ("Lines", "Lignes"),
    "line_text": ("Description", "Description"),
    "line_quantity": ("Quantity", "Quantité"),
    "line_amount": ("Amount", "Montant"),
    "amount_paid": ("Paid", "Payé"),
    "amount_due": ("Still due", "Reste à payer"),
    "download_pdf": ("Download PDF", "Télécharger le PDF"),
    "pay_invoice": ("Pay this invoice", "Payer cette facture"),
    "invoice_thanks": ("Thank you. This invoice is paid.", "Merci. Cette facture est payée."),
    "invoice_processing": ("The payment is on its way.", "Le paiement est en cours."),
    "status_draft": ("Draft", "Brouillon"),
    "status_open": ("Open", "À payer"),
    "status_paid": ("Paid", "Payée"),
    "status_void": ("Void", "Annulée"),
    "status_uncollectible": ("Uncollectible", "Irrécouvrable"),
}

TEXTS |= portal_texts.TEXTS

# What comes after the price, for each interval that has a word of its own.
INTERVALS: dict[tuple[str, int], tuple[str, str]] = {
    ("day", 1): ("{price} per day", "{price} par jour"),
    ("week", 1): ("{price} per week", "{price} par semaine"),
    ("month", 1): ("{price} per month", "{price} par mois"),
    ("year", 1): ("{price} per year", "{price} par an"),
}

MANY_INTERVALS: dict[str, tuple[str, str]] = {
    "day": ("{price} every {count} days", "{price} tous les {count} jours"),
    "week": ("{price} every {count} weeks", "{price} toutes les {count} semaines"),
    "month": ("{price} every {count} months", "{price} tous les {count} mois"),
    "year": ("{price} every {count} years", "{price} tous les {count} ans"),
}

_COLUMN = {"en": 0, "fr": 1}


class Texts:
    """``texts("pay", amount="€19.00")`` in Python, ``{{ t.card }}`` in a template."""

    # Templates call whatever is callable; this one is asked by name instead.
    do_not_call_in_templates = True

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, name: str, /, **values: object) -> str:
        return TEXTS[name][_COLUMN[self.language]].format(**values)

    def __getitem__(self, name: str) -> str:
        return TEXTS[name][_COLUMN[self.language]]

    def per_interval(self, price: str, *, interval: str, count: int) -> str:
        texts = INTERVALS.get((interval, count)) or MANY_INTERVALS[interval]
        return texts[_COLUMN[self.language]].format(price=price, count=count)
