import { useTranslation } from "react-i18next";
import { PageHeader } from "@/design";

export function SignInScreen() {
  const { t } = useTranslation("identity");
  return <PageHeader title={t("title")} large />;
}
