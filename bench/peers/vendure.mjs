// Serves Vendure on 127.0.0.1 with a SQLite file: `node vendure.mjs PORT DATA_DIR PRODUCTS`. Makes the catalogue
// on the first start: products `bench-N` of three variants with stock, a tax, a shipping method and a payment
// method that settles at once. Set VENDURE_DISABLE_TELEMETRY=true, and start it in a directory of its own.
import vendure from "@vendure/core";
import { randomUUID } from "node:crypto";
import { join } from "node:path";

// A CommonJS package: not all of its exports can be imported by name.
const {
  bootstrap,
  DefaultLogger,
  FastImporterService,
  LanguageCode,
  LogLevel,
  PaymentMethodHandler,
  Populator,
  ProductService,
  RequestContextService,
  TaxCategoryService,
} = vendure;

const [port, dataDir, products] = [Number(process.argv[2]), process.argv[3], Number(process.argv[4])];

const payment = new PaymentMethodHandler({
  code: "bench",
  description: [{ languageCode: LanguageCode.en, value: "bench" }],
  args: {},
  createPayment: (ctx, order, amount) => ({ amount, state: "Settled", transactionId: "bench", metadata: {} }),
  settlePayment: () => ({ success: true }),
});

const app = await bootstrap({
  apiOptions: { port, hostname: "127.0.0.1", adminApiPath: "admin-api", shopApiPath: "shop-api" },
  authOptions: { tokenMethod: ["bearer"], requireVerification: false, superadminCredentials: { identifier: "bench", password: randomUUID() } },
  // As `npx @vendure/create` sets it up: one file, SQLite's default journal, every commit synced.
  dbConnectionOptions: { type: "better-sqlite3", database: join(dataDir, "vendure.sqlite"), synchronize: true, logging: false },
  paymentOptions: { paymentMethodHandlers: [payment] },
  importExportOptions: { importAssetsDir: dataDir },
  logger: new DefaultLogger({ level: LogLevel.Error }),
  plugins: [],
});

const ctx = await app.get(RequestContextService).create({ apiType: "admin" });
const { totalItems } = await app.get(ProductService).findAll(ctx, { take: 1 });
if (totalItems === 0) {
  await app.get(Populator).populateInitialData({
    defaultLanguage: LanguageCode.en,
    defaultZone: "Europe",
    countries: [{ code: "DE", name: "Germany", zone: "Europe" }],
    taxRates: [{ name: "Standard Tax", percentage: 19 }],
    shippingMethods: [{ name: "bench", price: 495, taxRate: 19 }],
    paymentMethods: [{ name: "bench", handler: { code: "bench", arguments: [] } }],
    collections: [],
  });
  const [taxCategory] = (await app.get(TaxCategoryService).findAll(ctx)).items;
  const importer = app.get(FastImporterService);
  await importer.initialize();
  const translation = (name, rest) => [{ languageCode: LanguageCode.en, name, ...rest }];
  for (let n = 0; n < products; n += 1) {
    const slug = `bench-${n}`;
    const description = "A product that is here to be bought over and over by a patient crowd.";
    const productId = await importer.createProduct({
      enabled: true,
      translations: translation(`Product ${slug}`, { slug, description }),
      facetValueIds: [],
      assetIds: [],
    });
    for (let v = 1; v <= 3; v += 1) {
      await importer.createProductVariant({
        productId,
        enabled: true,
        sku: `${slug}-${v}`,
        price: 1899 + v,
        taxCategoryId: taxCategory.id,
        trackInventory: "TRUE",
        stockOnHand: 100_000_000,
        translations: translation(`Product ${slug} ${v}`),
        facetValueIds: [],
        optionIds: [],
        assetIds: [],
      });
    }
  }
}
console.log("READY");
process.on("SIGTERM", () => process.exit(0));
