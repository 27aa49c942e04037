#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Opens a page in headless Chromium, and does there what JavaScript on stdin says.

browser.py [--width N] [--dark] [--print] [--no-script] [--cpu] [--shot FILE.png] PAGE

Prints, as JSON, what the script returns ("return …;", it may await). Exit status 1 where it throws. Lines "---" part
scripts that run one after the other. With --cpu a line "NAME SECONDS" for each instead: the processor's time that the
page's thread took for it, to the next painted frame, and before them "load". A script's name is its first line,
"// NAME". That time is much the same on a busy machine.
What the browser has to say about the page goes to stderr. WebDriver
(https://www.w3.org/TR/webdriver2/) is spoken with chromedriver, which is of Debian's chromium-driver. Chromium has a
directory of its own below TMPDIR, and no network.
"""
import argparse
import base64
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request


PAINTED = 'await new Promise(done => requestAnimationFrame(() => setTimeout(done)));'


class Driver:
    def __init__(self, directory):
        self.process = subprocess.Popen(['chromedriver', '--port=0'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        text=True, env={**os.environ, 'HOME': directory})
        self.session = ''
        for line in self.process.stdout:
            found = re.search(r'started successfully on port (\d+)', line)
            if found:
                self.base = f'http://127.0.0.1:{found[1]}/session'
                return
        raise SystemExit('browser.py: chromedriver did not start')

    def ask(self, method, path, body=None):
        request = urllib.request.Request(self.base + self.session + path, method=method,
                                         data=None if body is None else json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)['value']
        except urllib.error.HTTPError as error:
            raise SystemExit('browser.py: ' + json.load(error)['value']['message'])

    def begin(self, options, directory):
        arguments = ['--headless=new', '--disable-gpu', '--disable-dev-shm-usage', '--host-resolver-rules=MAP * ~NOTFOUND',
                     f'--user-data-dir={directory}/profile', f'--window-size={options.width},1000']
        if os.geteuid() == 0:
            arguments.append('--no-sandbox')  # it refuses to have one as root
        preferences = {'profile.managed_default_content_settings.javascript': 2} if options.no_script else {}
        chrome = {'args': arguments, 'prefs': preferences, 'binary': '/usr/bin/chromium'}
        answer = self.ask('POST', '', {'capabilities': {'alwaysMatch': {
            'goog:chromeOptions': chrome, 'goog:loggingPrefs': {'browser': 'ALL'}}}})
        self.session = '/' + answer['sessionId']

    def command(self, name, **parameters):
        return self.ask('POST', '/goog/cdp/execute', {'cmd': name, 'params': parameters})

    def cpu(self):
        metrics = self.command('Performance.getMetrics')['metrics']
        return sum(metric['value'] for metric in metrics if metric['name'] == 'TaskDuration')

    def run(self, script):
        return self.ask('POST', '/execute/sync', {'script': f'return (async () => {{ {script} }})();', 'args': []})

    def end(self):
        try:
            if self.session:
                self.ask('DELETE', '')
        finally:
            self.process.terminate()
            self.process.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--width', type=int, default=1280)
    parser.add_argument('--height', type=int, default=1000)
    parser.add_argument('--dark', action='store_true')
    parser.add_argument('--print', action='store_true')
    parser.add_argument('--no-script', action='store_true')
    parser.add_argument('--cpu', action='store_true')
    parser.add_argument('--shot')
    parser.add_argument('page')
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        driver = Driver(directory)
        try:
            driver.begin(options, directory)
            # A window is not narrower than 500.
            driver.command('Emulation.setDeviceMetricsOverride', width=options.width, height=options.height,
                           deviceScaleFactor=1, mobile=False)
            driver.command('Emulation.setEmulatedMedia', media='print' if options.print else '', features=[
                {'name': 'prefers-color-scheme', 'value': 'dark' if options.dark else 'light'}])
            if options.cpu:
                driver.command('Performance.enable', timeDomain='threadTicks')
            driver.ask('POST', '/url', {'url': 'file://' + os.path.abspath(options.page)})
            before = 0
            scripts = sys.stdin.read().split('---\n')
            for script in (['// load\n', *scripts] if options.cpu else scripts):
                answer = driver.run(script + PAINTED * options.cpu)
                if options.cpu:
                    after = driver.cpu()
                    print(script.split('\n', 1)[0].removeprefix('// '), round(after - before, 3))
                    before = after
                else:
                    print(json.dumps(answer))
            for entry in driver.ask('POST', '/se/log', {'type': 'browser'}):
                print(entry['message'], file=sys.stderr)
            if options.shot:
                with open(options.shot, 'wb') as file:
                    file.write(base64.b64decode(driver.ask('GET', '/screenshot')))
        finally:
            driver.end()


if __name__ == '__main__':
    main()
