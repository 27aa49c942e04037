#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# --html: the page is written, and it works in a browser. Those tests need Debian's chromium and chromium-driver.

load ../lib/helpers

setup() { setup_test; }

# browser ARGUMENT...: tests/lib/browser.py, with the script on stdin.
browser() { timeout 300 "$TOP/tests/lib/browser.py" "$@"; }

# page ROWS: page.html, with so many filesystems, and hostile names.
page()
{
    requires chromium chromedriver "$BUILD/tests/test-df-report"
    "$BUILD/tests/test-df-report" page.html "$1"
}

# What a script may use. (The backticks are JavaScript's.)
# shellcheck disable=SC2016
prelude='
    const rows = view => Array.from(document.querySelectorAll(`#${view} tbody tr`)).filter(row => row.offsetParent);
    const cells = (view, column) => rows(view).map(row => row.cells[column].textContent);
    const type = text => { filter.value = text; filter.dispatchEvent(new Event("input")); };
    const heading = (view, column) => document.querySelectorAll(`#${view} th button`)[column];
    const sorted = list => list.every((value, at) => at === 0 || list[at - 1] <= value);
'

# in_page SCRIPT [ARGUMENT...]: the script has to return true, and the browser must have nothing to complain about.
in_page()
{
    local script=$1

    shift
    run --separate-stderr browser "$@" page.html <<< "$prelude$script"
    assert_status 0
    assert_equal "$stderr" ""
    assert_equal "$output" true
}

@test "the page has the figures, a failure and its reason, beside the table" {
    requires_appliance
    run --separate-stderr virt-df-live --html page.html "$IMAGES/ext4.img" missing.img
    assert_status 1
    assert_equal "$(names_of_table <<< "$output")" "ext4.img:/dev/sda"
    assert_equal "$(ls page.html*)" page.html # and no temporary file
    assert_equal "$(stat -c %a page.html)" 644
    assert_contains "$(< page.html)" "<h1>Filesystems of 2 guests</h1>" ">ext4.img<td>/dev/sda<td><td>ext4<td>" \
        ">missing.img<td><td>unreadable<td>" "1 appliance (tcg)."
    run -1 --separate-stderr virt-df-live --html none/page.html "$IMAGES/ext4.img"
    assert_equal "$(names_of_table <<< "$output")" "ext4.img:/dev/sda"
    assert_contains "$stderr" "virt-df-live: --html: " "none/page.html"
}

# bats test_tags=slow
@test "a browser shows the fullest first, filters while one types, and sorts" {
    page 400
    in_page 'return rows("filesystems").length === 403 && cells("filesystems", 8)[0] === "100%"
        && rows("guests").length + rows("failures").length === 0'
    in_page 'type("WEB0001 data"); const found = cells("filesystems", 0);
        return found.length === 8 && found.every(name => name.startsWith("web0001")) && shown.textContent === "8 of 403 rows"'
    in_page 'type(">95"); const full = cells("filesystems", 8); type(""); return full.length > 0
        && full.every(cell => parseFloat(cell) > 95) && rows("filesystems").length === 403'
    in_page 'heading("filesystems", 0).click(); const names = cells("filesystems", 0).filter(name => name.startsWith("web"));
        heading("filesystems", 0).click(); const back = cells("filesystems", 0).filter(name => name.startsWith("web"));
        return sorted(names) && sorted(back.reverse()) && names.length === 400'
    in_page 'heading("filesystems", 6).click(); const down = rows("filesystems").map(row => -row.cells[6].dataset.key);
        return sorted(down) && document.querySelector("#filesystems [aria-sort]").textContent === "Used"'
    # The heading stays in sight, and nothing lies on it.
    in_page 'scrollTo(0, 1000); return document.elementFromPoint(100, 5).closest("thead") !== null'
}

@test "by guest, and what failed and why" {
    page 400
    in_page 'document.querySelector("[for=by-guest]").click(); const name = cells("guests", 0).find(name => name === "web00031.qcow2");
        type("web00031"); return rows("filesystems").length === 0 && cells("guests", 3)[0] === "4" && cells("guests", 4)[0] === "4.0G"'
    in_page 'document.querySelector("[for=by-failure]").click(); return rows("filesystems").length === 0
        && cells("failures", 3).join() === "open: Permission denied"'
}

@test "without scripts, as in a mail program, the rows and the views are there" {
    page 400
    in_page 'document.querySelector("[for=by-guest]").click(); return tools.hidden && rows("guests").length === 104' --no-script
}

@test "hostile names are text: nothing is run, nothing is loaded" {
    page 40
    in_page 'return document.title.startsWith("Filesystems of ") && document.querySelectorAll("img, b").length === 0
        && performance.getEntriesByType("resource").length === 0
        && cells("filesystems", 0).some(name => name.startsWith("<img src=x"))'
    # The page would not run it either where one slipped through: the policy names the one script.
    sed 's|<footer>|<script>document.title = "owned"</script><img src="x.png" onerror="document.title = 1">&|' page.html > hit.html
    run --separate-stderr browser hit.html <<< 'return document.title.startsWith("Filesystems of ")'
    assert_equal "$output" true
    assert_contains "$stderr" "Content Security Policy"
}

@test "light and dark as the reader has it, a phone's width without scrolling, paper" {
    local ground='getComputedStyle(document.documentElement).backgroundColor'

    page 400
    in_page "return $ground === 'rgb(255, 255, 255)'"
    in_page "return $ground === 'rgb(21, 24, 28)'" --dark
    in_page 'return ["by-filesystem", "by-guest", "by-failure"].every(view => { document.getElementById(view).click();
        return document.documentElement.scrollWidth <= 390; }) && order.offsetParent !== null' --width 390
    # Nothing in a card is cut, or lies on something else.
    # shellcheck disable=SC2016 # the backticks are JavaScript's
    in_page 'return ["filesystems", "guests"].every(view => { document.getElementById(`by-${view.slice(0, -1)}`).click();
        const cells = Array.from(rows(view)[0].cells), boxes = cells.map(cell => cell.getBoundingClientRect());
        return cells.every(cell => cell.scrollWidth <= cell.clientWidth + 4) && boxes.every((a, i) => boxes.every((b, j) => i >= j || a.right <= b.left + 1 || b.right <= a.left + 1
            || a.bottom <= b.top + 1 || b.bottom <= a.top + 1)); })' --width 390
    in_page "return $ground === 'rgb(255, 255, 255)' && rows('filesystems').length === 403 && rows('failures').length === 1
        && getComputedStyle(document.querySelector('thead')).display === 'table-header-group' && filter.offsetParent === null" --dark --print
}

@test "10,000 rows: loaded, filtered and sorted in less than a second each" {
    page 10000
    run -0 --separate-stderr browser --cpu page.html << 'EOF'
// filter
filter.value = "web00"; filter.dispatchEvent(new Event("input"));
---
// all
filter.value = ""; filter.dispatchEvent(new Event("input"));
---
// names
document.querySelector("#filesystems th button").click();
---
// numbers
document.querySelectorAll("#filesystems th button")[6].click();
---
// guests
document.getElementById("by-guest").click();
EOF
    echo "$output"
    assert_equal "$(awk '{ print $1 }' <<< "$output" | paste -sd ' ')" "load filter all names numbers guests"
    assert_equal "$(awk '!($2 > 0 && $2 < 1)' <<< "$output")" ""
}
