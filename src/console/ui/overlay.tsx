// Overlays of a page: a dialog in the middle or a sheet at the side. Focus stays inside, and Escape closes.
import { Button } from "@cloudflare/kumo/components/button";
import { Dialog, DialogRoot, DialogTitle } from "@cloudflare/kumo/components/dialog";
import type { ReactNode } from "react";
import { CloseIcon } from "./icons.tsx";

interface OverlayProps {
  readonly title: ReactNode;
  readonly children: ReactNode;
  /** Without it only the content can close the overlay. */
  readonly onClose?: (() => void) | undefined;
  readonly shape?: "dialog" | "wide" | "sheet";
}

const FRAME = "flex flex-col p-0";
const SHAPES = {
  dialog: `${FRAME} max-h-[calc(100dvh-4rem)] sm:max-h-[calc(100dvh-8rem)] sm:w-[34rem]`,
  wide: `${FRAME} max-h-[calc(100dvh-4rem)] sm:max-h-[calc(100dvh-8rem)] sm:w-[52rem]`,
  sheet: `${FRAME} sheet top-0 sm:top-0 right-0 left-auto h-dvh max-w-full translate-x-0 rounded-none sm:w-[36rem]`,
};

export function Overlay({ title, children, onClose, shape = "dialog" }: OverlayProps) {
  return (
    <DialogRoot open onOpenChange={(open: boolean) => !open && onClose?.()}>
      <Dialog className={SHAPES[shape]}>
        <header className="flex items-start justify-between gap-4 border-b border-kumo-line px-5 py-4">
          <DialogTitle className="min-w-0 pt-1 text-xl font-semibold break-words">{title}</DialogTitle>
          {onClose && (
            <Button variant="ghost" shape="square" aria-label="Close" icon={<CloseIcon />} onClick={onClose} />
          )}
        </header>
        <div className="flex min-h-0 flex-1 flex-col gap-5 overflow-y-auto px-5 py-5">{children}</div>
      </Dialog>
    </DialogRoot>
  );
}

/** The buttons at the end of a form. */
export function Buttons({ children }: { readonly children: ReactNode }) {
  return <div className="flex flex-wrap justify-end gap-2 pt-1">{children}</div>;
}
