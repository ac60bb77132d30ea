// Runs the JavaScript at the end of the plugin's executable. This file itself must be readable for any Node since version 6,
// and has no apostrophe: the executable passes it to `node -e` in a shell's quotes. So the executable is CommonJS wherever it
// lies, even in a package of ES modules.
const MARK = "\n//# JavaScript\n";
const oldest = [0, 0];
const running = process.versions.node.split(".").map(Number);
if (running[0] < oldest[0] || (running[0] === oldest[0] && running[1] < oldest[1])) {
  process.stderr.write(
    `pulumi-resource-libvirt-hotplug needs Node.js ${oldest.join(".")} or later, but "node" on PATH is ` +
      `${process.version} (${process.execPath})\n`,
  );
  process.exit(1);
}

// On Windows this is a file, and the executable its first argument.
if (/launch\.cjs$/.test(process.argv[1])) process.argv.splice(1, 1);
const executable = process.argv[1];
const text = require("node:fs").readFileSync(executable, "utf8");
const start = text.indexOf(MARK) + MARK.length;
const run = require("node:vm").runInThisContext(
  `(function (require, module, exports, __filename, __dirname) {${text.slice(start)}\n})`,
  { filename: executable, lineOffset: text.slice(0, start).split("\n").length - 1 },
);
const plugin = { exports: {} };
run(require, plugin, plugin.exports, executable, require("node:path").dirname(executable));
