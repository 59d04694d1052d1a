import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Dialog, toast } from "@/design";
import { forgetSession } from "@/features/identity";
import { problemText } from "@/lib/problem";
import { useSignOut } from "../queries";

/** Signing this device out. */
export function SignOutDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { t } = useTranslation("more");
  const { t: problems } = useTranslation("problems");
  const client = useQueryClient();
  const navigate = useNavigate();
  const signOut = useSignOut();
  const leave = () => {
    void navigate({ to: "/signin", replace: true }).then(() => forgetSession(client));
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
          onSuccess: leave,
          onError: (problem) => {
            // Already signed out is what was wanted.
            if (problem.status === 401) leave();
            else toast(problemText(problems, problem), { tone: "danger" });
          },
        })
      }
    />
  );
}
