"""The floor of Compagnon: helpers that know nothing of customers and import no app."""
