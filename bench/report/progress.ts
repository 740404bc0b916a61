// What a run is doing now, on one line that overwrites itself on a terminal.

export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`);
  else process.stderr.write(`${text}\n`);
}

export function progressEnds(): void {
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[2K");
}
