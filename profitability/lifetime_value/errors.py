"""The one exception of the lifetime value modules."""


class LifetimeValueError(ValueError):
    """Input that no model can use; `code` and `parameters` are what a translated sentence is made from."""

    def __init__(self, code: str, message: str, **parameters: object) -> None:
        super().__init__(message)
        self.code = code
        self.parameters = parameters
