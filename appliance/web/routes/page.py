"""The page itself: one HTML document, the same for everybody; what it shows it asks for."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

router = APIRouter()
TEMPLATES = Path(__file__).parents[1] / "templates"


@router.get("/")
def index() -> FileResponse:
    """The page."""
    return FileResponse(TEMPLATES / "index.html", media_type="text/html; charset=utf-8")
