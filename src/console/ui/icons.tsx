// All icons are decorative: the controls that contain them have accessible names.
import { ArrowsClockwiseIcon } from "@phosphor-icons/react/dist/csr/ArrowsClockwise";
import { CheckIcon as Check } from "@phosphor-icons/react/dist/csr/Check";
import { CopyIcon as Copy } from "@phosphor-icons/react/dist/csr/Copy";
import { DownloadSimpleIcon } from "@phosphor-icons/react/dist/csr/DownloadSimple";
import { MoonIcon as Moon } from "@phosphor-icons/react/dist/csr/Moon";
import { PlusIcon as Plus } from "@phosphor-icons/react/dist/csr/Plus";
import { SunIcon as Sun } from "@phosphor-icons/react/dist/csr/Sun";
import { XIcon } from "@phosphor-icons/react/dist/csr/X";

export const CheckIcon = () => <Check aria-hidden />;
export const CloseIcon = () => <XIcon aria-hidden />;
export const CopyIcon = () => <Copy aria-hidden />;
export const DownloadIcon = () => <DownloadSimpleIcon aria-hidden />;
export const MoonIcon = () => <Moon aria-hidden />;
export const PlusIcon = () => <Plus aria-hidden />;
export const RefreshIcon = () => <ArrowsClockwiseIcon aria-hidden />;
export const SunIcon = () => <Sun aria-hidden />;

export function LogoIcon() {
  return (
    <svg viewBox="0 0 32 32" className="size-7 shrink-0" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#f6821f" />
      <path d="M8 25V14a8 8 0 0 1 16 0v11h-4.5V14a3.5 3.5 0 0 0-7 0v11z" fill="#fff" />
      <circle cx="16" cy="21" r="2.2" fill="#fff" />
    </svg>
  );
}
