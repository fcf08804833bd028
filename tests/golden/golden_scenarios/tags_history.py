"""Stack tags, messages, history pages, and the file backend's files for them."""

from tests.golden.golden_notation import Thing, step

SHOWS = [
    "tags set, listed, read, removed in the file backend",
    "an absent tag",
    "history, its order, pages and messages",
    "history of previews (none), failed updates, refresh, destroy",
    "version numbers",
]


def program():
    Thing("a", value="1")


def broken():
    raise ValueError("no")


STEPS = [
    step("tags-empty", "list_tags"),
    step("tag-set", "set_tag", args=("drstate:scope", "acme/production")),
    step("tag-set-again", "set_tag", args=("drstate:scope", "acme/staging")),
    step("tag-set-odd", "set_tag", args=("note", "two words: yes")),
    step("tag-get", "get_tag", args=("drstate:scope",)),
    step("tag-get-absent", "get_tag", args=("nothing",)),
    step("tags", "list_tags"),
    step("history-empty", "history"),
    step("info-empty", "info"),
    step("up", "up", program, message="the first words"),
    step("tags-after-up", "list_tags"),
    step("preview", "preview", program, message="a look"),
    step("failed", "up", broken, message="this goes wrong"),
    step("refresh", "refresh", message="look again"),
    step("destroy", "destroy", message="and away"),
    step("history", "history"),
    step("page", "history", page_size=2, page=1),
    step("page-2", "history", page_size=2, page=2),
    step("page-9", "history", page_size=2, page=9),
    step("tag-remove", "remove_tag", args=("note",)),
    step("tag-remove-absent", "remove_tag", args=("note",)),
    step("tags-left", "list_tags"),
    step("cli-history", "cli", args=["stack", "history", "--stack", "dev"]),
    step("rm", "remove_stack", args=("dev",)),
]
