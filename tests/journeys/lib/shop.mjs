/**
 * A little shop of the test's own: one tax category (19 % on top in DE, 7 % on
 * top in AT, nothing in FR), one zone, one shipping method (4.90 EUR, free from
 * 100.00 EUR on), one product type, and products as the test needs them.
 */
import { admin, unique } from './clients.mjs';
import { body } from './harness.mjs';

export const eur = (centAmount) => ({ currencyCode: 'EUR', centAmount });
export const usd = (centAmount) => ({ currencyCode: 'USD', centAmount });

export const GERMANY = { firstName: 'Ida', lastName: 'Lind', streetName: 'Hauptstr.', streetNumber: '7', postalCode: '10115', city: 'Berlin', country: 'DE', email: 'ida@example.org' };
export const AUSTRIA = { ...GERMANY, city: 'Wien', postalCode: '1010', country: 'AT' };
export const FRANCE = { ...GERMANY, city: 'Paris', postalCode: '75001', country: 'FR' };

/** Sets the shop up. */
export async function openShop() {
  const suffix = unique('shop');
  const taxCategory = await body(admin.taxCategories().post({ body: {
    name: suffix, key: `tax-${suffix}`,
    rates: [
      { name: 'VAT', amount: 0.19, includedInPrice: false, country: 'DE' },
      { name: 'USt', amount: 0.07, includedInPrice: false, country: 'AT' },
    ],
  } }));
  const zone = await body(admin.zones().post({ body: { name: suffix, key: `zone-${suffix}`, locations: [{ country: 'DE' }, { country: 'AT' }] } }));
  const shippingMethod = await body(admin.shippingMethods().post({ body: {
    name: suffix, key: `ship-${suffix}`, isDefault: false,
    taxCategory: { typeId: 'tax-category', id: taxCategory.id },
    zoneRates: [{ zone: { typeId: 'zone', id: zone.id }, shippingRates: [{ price: eur(490), freeAbove: eur(10000) }] }],
  } }));
  const productType = await body(admin.productTypes().post({ body: { name: suffix, key: `type-${suffix}`, description: 'things of a journey' } }));

  /**
   * A published product with one variant.
   * @param {string} name
   * @param {object[]} prices
   * @param {object} [extra] more of the draft
   */
  async function product(name, prices, extra = {}) {
    const key = unique(name);
    return body(admin.products().post({ body: {
      key, name: { en: name }, slug: { en: key }, publish: true,
      productType: { typeId: 'product-type', id: productType.id },
      taxCategory: { typeId: 'tax-category', id: taxCategory.id },
      masterVariant: { sku: key, prices },
      ...extra,
    } }));
  }

  /** Puts a quantity of a sku on the shelf. */
  const stock = (sku, quantityOnStock, extra = {}) => body(admin.inventory().post({ body: { sku, quantityOnStock, ...extra } }));

  return { suffix, taxCategory, zone, shippingMethod, productType, product, stock };
}

/** The sku of a product of the shop. */
export const skuOf = (product) => product.masterData.staged.masterVariant.sku;

/** What the admin's carts of the journeys share. */
export const cartDraft = (extra = {}) => ({ currency: 'EUR', country: 'DE', ...extra });

/** Money as an answer prints it. */
export const cents = (centAmount, currencyCode = 'EUR') => ({ type: 'centPrecision', currencyCode, centAmount, fractionDigits: 2 });
