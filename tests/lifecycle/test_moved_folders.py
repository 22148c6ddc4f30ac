"""Changes that add files to a folder that a team has moved."""

from support.commands.cli import commit, files, git
from trellis.change import merge
from trellis.files import File
from trellis.git import open_repository
from trellis.service.find import Service


def test_a_new_file_comes_to_where_its_folder_is_now(home, tmp_path):
    folder = tmp_path / "service"
    (folder / "app/orders").mkdir(parents=True)
    for name in ("models", "router", "service"):
        text = "".join(f"{name}_{number} = {number}\n" for number in range(20))
        (folder / f"app/orders/{name}.py").write_text(text)
    commit(folder)
    old = {p: File("100644", data) for p, data in files(folder).items()}
    (folder / "app/shop").mkdir()
    git(folder, "mv", "app/orders", "app/shop/orders")
    commit(folder)
    service = Service(folder, open_repository(folder), {}, "", "")
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    new = {**old, "app/orders/events.py": File("100644", b"EVENTS = []\n")}
    merged = merge.merge(service, old, new, scratch)

    assert [change.path for change in merged.changes] == ["app/shop/orders/events.py"]
    assert merged.conflicts == []
