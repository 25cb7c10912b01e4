/** A customer signs up, signs in, and sees only what is theirs. */
import assert from 'node:assert/strict';
import { eventually } from './lib/check.mjs';
import { admin, adminToken, apiClient, guest, oauth, raw, signedIn, storefront, unique, withToken } from './lib/clients.mjs';
import { projectKey } from './lib/env.mjs';
import { body, journey, prepare, refused } from './lib/harness.mjs';
import { eur, GERMANY, openShop, skuOf } from './lib/shop.mjs';

const PASSWORD = 'correct horse battery';
let shop;
let chair;
let glass;
prepare(async () => {
  shop = await openShop();
  chair = await shop.product('chair', [{ value: eur(1234) }]);
  glass = await shop.product('glass', [{ value: eur(1000) }]);
});

const mail = () => `${unique('ida')}@example.org`;
const login = (email, password = PASSWORD) => admin.login().post({ body: { email, password } });

/** A new customer, made by the admin. */
async function customer(extra = {}) {
  const { customer: made } = await body(admin.customers().post({ body: { email: mail(), password: PASSWORD, ...extra } }));
  return made;
}

/** A cart of the session's with these lines. */
const cartOf = (me, ...lines) => body(me.carts().post({ body: {
  currency: 'EUR', country: 'DE', lineItems: lines.map(([product, quantity]) => ({ sku: skuOf(product), quantity })),
} }));

journey('a guest signs up and keeps the cart', async () => {
  const anna = await guest();
  const cart = await cartOf(anna.me, [chair, 2]);
  const email = mail();
  const signUp = await anna.me.signup().post({ body: { email, password: PASSWORD, firstName: 'Anna' } }).execute();
  assert.equal(signUp.statusCode, 201);
  const { customer: made, cart: kept } = signUp.body;
  assert.deepEqual([made.email, made.firstName, made.isEmailVerified, made.authenticationMode, made.addresses], [email, 'Anna', false, 'Password', []]);
  assert.notEqual(made.password, PASSWORD, 'the password is not readable');
  assert.deepEqual([kept.id, kept.customerId, kept.cartState], [cart.id, made.id, 'Active']);

  const { me } = await signedIn(email, PASSWORD);
  assert.equal((await body(me.get())).id, made.id);
  assert.equal((await body(me.activeCart().get())).id, cart.id);
});

journey('orders made as a guest belong to the account that the guest signs in to', async () => {
  const { email, id } = await customer();
  const anna = await guest();
  let cart = await cartOf(anna.me, [chair, 1]);
  cart = await body(anna.me.carts().withId({ ID: cart.id }).post({ body: { version: cart.version, actions: [{ action: 'setShippingAddress', address: GERMANY }] } }));
  const order = await body(anna.me.orders().post({ body: { id: cart.id, version: cart.version } }));
  assert.equal(order.customerId, undefined);

  await body(anna.me.login().post({ body: { email, password: PASSWORD } }));
  const { me } = await signedIn(email, PASSWORD);
  const [own] = (await body(me.orders().get())).results;
  assert.deepEqual([own.id, own.customerId, own.anonymousId], [order.id, id, undefined]);
  assert.deepEqual((await body(anna.me.orders().get())).results, [], 'they are no longer the session\'s');
});

journey('what is one\'s own is addressed by its id alone', async () => {
  const { email, id } = await customer();
  const { me, token } = await signedIn(email, PASSWORD);
  let cart = await cartOf(me, [chair, 1]);
  assert.equal((await raw(`/me/carts/customer-id=${id}`, { token: token() })).status, 404);
  cart = await body(me.carts().withId({ ID: cart.id }).post({ body: { version: cart.version, actions: [{ action: 'setShippingAddress', address: GERMANY }] } }));
  const orderNumber = unique('nr');
  await body(admin.orders().post({ body: { cart: { typeId: 'cart', id: cart.id }, version: cart.version, orderNumber } }));
  assert.equal((await raw(`/orders/order-number=${orderNumber}`, { token: await adminToken() })).status, 200);
  assert.equal((await raw(`/me/orders/order-number=${orderNumber}`, { token: token() })).status, 404);
});

journey('an account is for its owner alone', async () => {
  const [ida, eve] = [await customer(), await customer()];
  const own = await signedIn(ida.email, PASSWORD);
  const other = await signedIn(eve.email, PASSWORD);
  assert.equal((await body(own.me.get())).id, ida.id);
  assert.equal((await body(other.me.get())).id, eve.id, '/me is who the token says');

  let cart = await cartOf(own.me, [chair, 1]);
  assert.equal(cart.customerId, ida.id);
  const foreign = other.me.carts().withId({ ID: cart.id });
  await refused(foreign.get().execute(), 404, 'ResourceNotFound');
  await refused(foreign.post({ body: { version: cart.version, actions: [] } }).execute(), 404, 'ResourceNotFound');
  await refused(foreign.delete({ queryArgs: { version: cart.version } }).execute(), 404, 'ResourceNotFound');
  await refused(other.me.activeCart().get().execute(), 404, 'ResourceNotFound');
  await refused(other.me.orders().post({ body: { id: cart.id, version: cart.version } }).execute(), 404, 'ResourceNotFound');
  await refused(other.me.orders().post({ body: { id: cart.id, version: cart.version + 7 } }).execute(), 404, 'ResourceNotFound');

  cart = await body(own.me.carts().withId({ ID: cart.id }).post({ body: { version: cart.version, actions: [{ action: 'setShippingAddress', address: GERMANY }] } }));
  const order = await body(own.me.orders().post({ body: { id: cart.id, version: cart.version } }));
  assert.deepEqual([order.customerId, order.cart.id], [ida.id, cart.id]);
  assert.deepEqual((await body(own.me.orders().get())).results.map(({ id }) => id), [order.id]);
  assert.deepEqual((await body(other.me.orders().get())).results, []);
  assert.deepEqual((await body(other.me.carts().get())).results, []);
  await refused(other.me.orders().withId({ ID: order.id }).get().execute(), 404, 'ResourceNotFound');
  await refused(own.api.customers().get().execute(), 403, 'insufficient_scope');
  await refused(own.api.orders().withId({ ID: order.id }).get().execute(), 403, 'insufficient_scope');
});

journey('an e-mail address has one account, whatever its case', async () => {
  const { email } = await customer();
  const again = await refused(admin.customers().post({ body: { email: email.toUpperCase(), password: PASSWORD } }).execute(), 400, 'DuplicateField');
  assert.equal(again.field, 'email');
  assert.equal(again.message, 'There is already an existing customer with the provided email.');
  const anna = await guest();
  await refused(anna.me.signup().post({ body: { email, password: PASSWORD } }).execute(), 400, 'DuplicateField');
  assert.equal((await login(email.toUpperCase()).execute()).statusCode, 200);
  await refused(admin.customers().post({ body: { email: mail() } }).execute(), 400);
});

journey('a wrong password is refused everywhere', async () => {
  const { email } = await customer();
  const error = await refused(login(email, 'wrong').execute(), 400, 'InvalidCredentials');
  assert.equal(error.message, 'Account with the given credentials not found.');
  await refused(login(mail()).execute(), 400, 'InvalidCredentials');
  const { clientId, clientSecret } = await storefront();
  const answer = await oauth(`/oauth/${projectKey}/customers/token`, { grant_type: 'password', username: email, password: 'wrong' }, { clientId, clientSecret });
  assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_customer_account_credentials']);
  assert.equal(answer.body.message, 'Customer account with the given credentials not found.');
  const anna = await guest();
  await refused(anna.me.login().post({ body: { email, password: 'wrong' } }).execute(), 400, 'InvalidCredentials');
});

journey('a customer looks after their own profile', async () => {
  const made = await customer();
  const { me, token } = await signedIn(made.email, PASSWORD);
  const home = { ...GERMANY, key: 'home' };
  const updated = await body(me.post({ body: { version: made.version, actions: [
    { action: 'setFirstName', firstName: 'Ida' }, { action: 'setLastName', lastName: 'Lind' }, { action: 'addAddress', address: home }, { action: 'setDefaultShippingAddress', addressKey: 'home' },
  ] } }));
  const [address] = updated.addresses;
  assert.deepEqual([updated.firstName, updated.lastName, address.city], ['Ida', 'Lind', 'Berlin']);
  assert.deepEqual([updated.defaultShippingAddressId, updated.shippingAddressIds], [address.id, [address.id]]);
  const gone = await body(me.post({ body: { version: updated.version, actions: [{ action: 'removeAddress', addressId: address.id }] } }));
  assert.deepEqual([gone.addresses, gone.shippingAddressIds, gone.defaultShippingAddressId], [[], [], undefined]);
  await refused(me.post({ body: { version: made.version, actions: [{ action: 'setFirstName', firstName: 'Late' }] } }).execute(), 409, 'ConcurrentModification');
  await body(me.delete({ queryArgs: { version: gone.version } }));
  const late = withToken(token()).me();
  await refused(late.get().execute(), 404, 'ResourceNotFound');
  const over = () => late.carts().get().execute().then(() => false, ({ statusCode }) => statusCode === 401);
  assert.ok(await eventually(over), 'a token of the deleted customer still works');
  await refused(late.get().execute(), 404, 'ResourceNotFound');
  await refused(admin.customers().withId({ ID: made.id }).get().execute(), 404, 'ResourceNotFound');
});

journey('addresses in a sign-up are found by their place in the list', async () => {
  const made = await customer({
    addresses: [GERMANY, { country: 'AT', city: 'Wien' }, { country: 'FR' }, { country: 'US' }],
    billingAddresses: [3], defaultBillingAddress: 0, shippingAddresses: [1], defaultShippingAddress: 1,
  });
  const ids = made.addresses.map(({ id }) => id);
  assert.deepEqual(made.billingAddressIds, [ids[0], ids[3]]);
  assert.deepEqual([made.defaultBillingAddressId, made.shippingAddressIds, made.defaultShippingAddressId], [ids[0], [ids[1]], ids[1]]);
});

journey('a password is changed by its owner, or reset with a token, which ends old sessions', async () => {
  const made = await customer();
  const before = await signedIn(made.email, PASSWORD);
  await body(before.me.get());
  const change = (currentPassword, newPassword) => admin.customers().password().post({ body: { id: made.id, version: made.version, currentPassword, newPassword } });
  const wrong = await refused(change('wrong', 'new one').execute(), 400, 'InvalidCurrentPassword');
  assert.equal(wrong.message, 'The given current password does not match.');
  await body(change(PASSWORD, 'second password'));
  await refused(login(made.email).execute(), 400, 'InvalidCredentials');
  await body(login(made.email, 'second password'));

  const session = await signedIn(made.email, 'second password');
  await body(session.me.get());
  const token = await body(admin.customers().passwordToken().post({ body: { email: made.email } }));
  assert.equal(token.customerId, made.id);
  assert.equal((await body(admin.customers().withPasswordToken({ passwordToken: token.value }).get())).id, made.id);
  const reset = () => admin.customers().passwordReset().post({ body: { tokenValue: token.value, newPassword: 'third password' } }).execute();
  assert.equal((await reset()).statusCode, 200);
  await refused(reset(), 404);
  await body(login(made.email, 'third password'));
  await refused(withToken(session.token()).me().get().execute(), 401, 'invalid_token');
});

journey('an e-mail address is verified with a token, once', async () => {
  const made = await customer();
  const token = await body(admin.customers().emailToken().post({ body: { id: made.id, ttlMinutes: 60 } }));
  assert.equal((await body(admin.customers().withEmailToken({ emailToken: token.value }).get())).id, made.id);
  const confirmed = await body(admin.customers().emailConfirm().post({ body: { tokenValue: token.value } }));
  assert.equal(confirmed.isEmailVerified, true);
  await refused(admin.customers().emailConfirm().post({ body: { tokenValue: token.value } }).execute(), 404);
  const changed = await body(admin.customers().withId({ ID: made.id }).post({ body: { version: confirmed.version, actions: [{ action: 'changeEmail', email: mail() }] } }));
  assert.equal(changed.isEmailVerified, false);
});

journey('signing in merges what was in both carts', async () => {
  const made = await customer();
  const own = await signedIn(made.email, PASSWORD);
  const before = await cartOf(own.me, [chair, 2]);
  const anna = await guest();
  const anonymous = await cartOf(anna.me, [chair, 3], [glass, 1]);
  const { customer: same, cart } = await body(anna.me.login().post({ body: { email: made.email, password: PASSWORD } }));
  assert.deepEqual([same.id, same.version], [made.id, made.version], 'signing in changes no customer');
  assert.equal(cart.id, before.id);
  const quantities = Object.fromEntries(cart.lineItems.map((line) => [line.variant.sku, line.quantity]));
  assert.deepEqual(quantities, { [skuOf(chair)]: 3, [skuOf(glass)]: 1 }, 'the larger quantity of equal lines');
  assert.equal((await body(admin.carts().withId({ ID: anonymous.id }).get())).cartState, 'Merged');
  const active = await body(admin.carts().withCustomerId({ customerId: made.id }).get());
  assert.equal(active.id, before.id);
});

journey('all carts of the session become the customer\'s, and one of them stays the active one', async () => {
  const made = await customer();
  const own = await cartOf((await signedIn(made.email, PASSWORD)).me, [chair, 2]);
  const anna = await guest();
  const first = await cartOf(anna.me, [glass, 1]);
  const second = await cartOf(anna.me, [chair, 1]);
  const { cart } = await body(anna.me.login().post({ body: { email: made.email, password: PASSWORD } }));
  assert.deepEqual([cart.id, cart.lineItems.map((line) => line.quantity)], [own.id, [2]]);
  const carts = await Promise.all([first, second].map(({ id }) => body(admin.carts().withId({ ID: id }).get())));
  assert.deepEqual(carts.map(({ customerId, anonymousId, cartState }) => [customerId, anonymousId, cartState]), [
    [made.id, undefined, 'Active'], [made.id, undefined, 'Merged'],
  ]);
  assert.equal((await body(admin.carts().withCustomerId({ customerId: made.id }).get())).id, own.id);
});

journey('a group changes the prices of the cart at once, or is refused', async () => {
  const group = await body(admin.customerGroups().post({ body: { groupName: unique('vip') } }));
  const customerGroup = { typeId: 'customer-group', id: group.id };
  const lamp = await shop.product('lamp', [{ value: eur(2000) }, { value: eur(1500), customerGroup }]);
  const made = await customer();
  const { me } = await signedIn(made.email, PASSWORD);
  const cart = await cartOf(me, [lamp, 2]);
  assert.equal(cart.totalPrice.centAmount, 4000);
  const set = (version, extra) => admin.customers().withId({ ID: made.id }).post({ body: { version, actions: [{ action: 'setCustomerGroup', ...extra }] } });
  const member = await body(set(made.version, { customerGroup }));
  const cheaper = await body(me.activeCart().get());
  assert.deepEqual([cheaper.id, cheaper.totalPrice.centAmount, cheaper.customerGroup], [cart.id, 3000, customerGroup]);

  const product = await body(admin.products().withId({ ID: lamp.id }).get());
  const [plain] = product.masterData.current.masterVariant.prices.filter((price) => !price.customerGroup);
  await body(admin.products().withId({ ID: lamp.id }).post({ body: { version: product.version, actions: [{ action: 'removePrice', priceId: plain.id, staged: false }] } }));
  await refused(set(member.version, {}).execute(), 400, 'MatchingPriceNotFound');
  const held = await body(admin.customers().withId({ ID: made.id }).get());
  assert.deepEqual([held.version, held.customerGroup], [member.version, customerGroup]);
});

journey('signing in works the cart out anew', async () => {
  const sofa = await shop.product('sofa', [{ value: eur(5000) }]);
  const made = await customer();
  const cart = await cartOf((await signedIn(made.email, PASSWORD)).me, [sofa, 1]);
  const product = await body(admin.products().withId({ ID: sofa.id }).get());
  const [price] = product.masterData.current.masterVariant.prices;
  await body(admin.products().withId({ ID: sofa.id }).post({ body: { version: product.version, actions: [{ action: 'changePrice', priceId: price.id, price: { value: eur(4000) }, staged: false }] } }));
  const { cart: anew } = await body(login(made.email));
  assert.deepEqual([anew.id, anew.totalPrice.centAmount], [cart.id, 4000]);
});

journey('the merchant finds, groups and edits customers', async () => {
  const clients = await apiClient(['view_customers']);
  assert.deepEqual(clients.scopes, [`view_customers:${projectKey}`]);
  const group = await body(admin.customerGroups().post({ body: { groupName: unique('vip') } }));
  const key = unique('cust');
  const made = await customer({ key, customerNumber: unique('nr'), customerGroup: { typeId: 'customer-group', id: group.id } });
  assert.deepEqual(made.customerGroup, { typeId: 'customer-group', id: group.id });
  assert.equal((await body(admin.customers().withKey({ key }).get())).id, made.id);
  const found = await body(admin.customers().get({ queryArgs: { where: ['email = :email', 'customerGroup(id = :group)'], 'var.email': made.email, 'var.group': group.id } }));
  assert.deepEqual(found.results.map(({ id }) => id), [made.id]);
  await refused(admin.customers().withId({ ID: made.id }).post({ body: { version: made.version, actions: [{ action: 'setCustomerNumber', customerNumber: unique('nr') }] } }).execute(), 400);
  const cart = await body(admin.carts().post({ body: { currency: 'EUR', customerId: made.id } }));
  assert.deepEqual(cart.customerGroup, { typeId: 'customer-group', id: group.id });
});
