"""Ultralytics' plots in the letters of the classes' names."""

from collections.abc import Collection

from detector.system import fonts
from detector.system.files import write_whole


def write_names(names: Collection[str]) -> None:
    """Have its plots draw the names with a font that has their letters, where this machine has one.

    Call it inside `detector.models.quiet.quietly`. It draws names beyond ASCII with Arial.Unicode.ttf, which is not
    free to fetch, and its charts with matplotlib's list of fonts.
    """
    import matplotlib as mpl
    from matplotlib import font_manager
    from ultralytics.utils import USER_CONFIG_DIR

    if all(name.isascii() for name in names):
        return
    file = fonts.font_for(names)
    write_whole(USER_CONFIG_DIR / "Arial.Unicode.ttf", file.read_bytes(), lasting=False)
    font_manager.fontManager.addfont(file)
    family = font_manager.FontProperties(fname=file).get_name()
    others = [each for each in mpl.rcParams["font.sans-serif"] if each != family]
    mpl.rcParams["font.sans-serif"] = [*others[:1], family, *others[1:]]
