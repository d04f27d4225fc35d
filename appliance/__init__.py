"""A private question-answering appliance: documents in, personal data out, cited answers with proof."""
