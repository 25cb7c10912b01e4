// Serves @labdigital/commercetools-mock on 127.0.0.1: `node mock.mjs PORT`. In memory, without authentication.
import { CommercetoolsMock } from "@labdigital/commercetools-mock";

const port = Number(process.argv[2]);
const mock = new CommercetoolsMock({ defaultProjectKey: "bench" });
// Its own runServer() listens on all addresses.
await mock.app.listen({ port, host: "127.0.0.1" });
console.log("READY");
process.on("SIGTERM", () => process.exit(0));
