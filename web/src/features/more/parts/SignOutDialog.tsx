import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Dialog, toast } from "@/design";
import { forgetChat } from "@/features/chat";
import { forgetSession, useMe } from "@/features/identity";
import { problemText } from "@/lib/problem";
import { useSignOut } from "../queries";

/** Signing this device out. */
export function SignOutDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { t } = useTranslation("more");
  const { t: problems } = useTranslation("problems");
  const client = useQueryClient();
  const navigate = useNavigate();
  const signOut = useSignOut();
  const { id } = useMe();
  const leave = async () => {
    await forgetChat(id);
    await navigate({ to: "/signin", replace: true });
    forgetSession(client);
  };
  return (
    <Dialog
      open={open}
      onOpenChange={onClose}
      title={t("sign_out.ask")}
      body={t("sign_out.body")}
      confirm={t("sign_out.title")}
      danger
      busy={signOut.isPending}
      onConfirm={() =>
        signOut.mutate(undefined, {
          onSuccess: () => void leave(),
          onError: (problem) => {
            // Already signed out is what was wanted.
            if (problem.status === 401) void leave();
            else toast(problemText(problems, problem), { tone: "danger" });
          },
        })
      }
    />
  );
}
