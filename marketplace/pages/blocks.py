"""The pieces a body is made of. None of them lets HTML, a script or somebody else's frame in."""

from wagtail import blocks
from wagtail.images.blocks import ImageBlock

from marketplace.pages.choosers import listing_chooser

ServiceBlock = listing_chooser.get_block_class(name="ServiceBlock", module_path="marketplace.pages.blocks")

BODY = [
    ("heading", blocks.CharBlock(label="Intertitre", max_length=120, icon="title")),
    ("text", blocks.RichTextBlock(label="Texte", features=["bold", "italic", "link", "ol", "ul"])),
    ("image", ImageBlock(label="Image")),
    (
        "quote",
        blocks.StructBlock(
            [
                ("text", blocks.TextBlock(label="Citation", max_length=600)),
                ("source", blocks.CharBlock(label="De qui", max_length=120, required=False)),
            ],
            label="Citation",
            icon="openquote",
        ),
    ),
    (
        "link",
        blocks.StructBlock(
            [
                ("label", blocks.CharBlock(label="Ce qu’on lit", max_length=120)),
                ("url", blocks.URLBlock(label="Adresse")),
            ],
            label="Lien mis en avant",
            icon="link",
        ),
    ),
    (
        "callout",
        blocks.StructBlock(
            [
                (
                    "level",
                    blocks.ChoiceBlock(
                        [("info", "À savoir"), ("warning", "Attention")], label="Ton", default="info"
                    ),
                ),
                ("title", blocks.CharBlock(label="Titre", max_length=120)),
                ("text", blocks.TextBlock(label="Texte", max_length=600)),
            ],
            label="Encadré",
            icon="warning",
        ),
    ),
    ("service", ServiceBlock(label="Service de la halle", icon="list-ul")),
]
