// Made by tools/dev/make_math_coefficients.py; see there.
#pragma once

#include <cstddef>
#include <cstdint>

#include <isotrace/reference/math/lane_code.hpp>

namespace isotrace::reference {

/// (e^r - 1 - r)/r^2 in powers of r, for |r| <= 0.3468.
ISOTRACE_LANES_TABLE double exp_quick_coefficients[8] = {
    0x1.fffffffffe03ep-2,  0x1.5555555554f90p-3,  0x1.55555565d5e1ep-5,  0x1.1111111710d7bp-7,
    0x1.6c166bae0aca2p-10, 0x1.a019c3487562dp-13, 0x1.a1370fcaa88e3p-16, 0x1.72ad803971e4dp-19};

/// atanh(s)/s in powers of s^2, for |s| <= 3 - sqrt(8).
ISOTRACE_LANES_TABLE double atanh_quick_coefficients[5] = {
    0x1.000000000498ap+0, 0x1.555554db6a07ap-2, 0x1.999a9bc4f41a9p-3, 0x1.2432eb5163b8ep-3,
    0x1.e3a9ee2d7c0dfp-4};

/// (sin(r) - r)/r^3 in powers of r^2, for |r| <= pi/4.
ISOTRACE_LANES_TABLE double sine_quick_coefficients[5] = {
    -0x1.555555555516bp-3, 0x1.1111110fd3cf1p-7, -0x1.a019fd9b29808p-13, 0x1.71d9a9eab5937p-19,
    -0x1.aa28532e03ce1p-26};

/// (cos(r) - 1)/r^2 in powers of r^2, for |r| <= pi/4.
ISOTRACE_LANES_TABLE double cosine_quick_coefficients[5] = {
    -0x1.fffffffffe697p-2, 0x1.555555514f66bp-5, -0x1.6c16bae5db423p-10, 0x1.a01298c924f0cp-16,
    -0x1.2474de212a2bfp-22};

/// atan(t)/t in powers of t^2, for |t| <= sqrt(2) - 1.
ISOTRACE_LANES_TABLE double atan_coefficients[10] = {
    0x1.ffffffffffff7p-1, -0x1.5555555550696p-2, 0x1.999999922ceaep-3, -0x1.249246f689e23p-3,
    0x1.c71bcaa6d9e0ep-4, -0x1.744ea117ea69dp-4, 0x1.3a4ed8d3e7540p-4, -0x1.0a7c26f926babp-4,
    0x1.9ba0be337eb39p-5, -0x1.9ec895710e897p-6};

/// atan(t)/t in powers of t^2, for |t| <= sqrt(2) - 1.
ISOTRACE_LANES_TABLE double atan_quick_coefficients[8] = {
    0x1.fffffffffe56dp-1, -0x1.5555554ba443dp-2, 0x1.99999046be76cp-3, -0x1.24909141cabecp-3,
    0x1.c6cc2ec468ad8p-4, -0x1.7055bc83fff96p-4, 0x1.1da9b1954bc65p-4, -0x1.34783b82d18c6p-5};

/// asin(t)/t in powers of t^2, for |t| <= 1/2.
ISOTRACE_LANES_TABLE double asin_coefficients[12] = {
    0x1.ffffffffffffep-1, 0x1.55555555575c2p-3, 0x1.3333333031706p-4,  0x1.6db6dd2b73e9ap-5,
    0x1.f1c697a184bcap-6, 0x1.6e9740e30dbfep-6, 0x1.1baaecd577501p-6,  0x1.d56064c12e4ddp-7,
    0x1.333f8f79fa40bp-7, 0x1.2b1cc4488d698p-6, -0x1.7f2cb032de5f3p-7, 0x1.02164e3a1cbbdp-5};

/// asin(t)/t in powers of t^2, for |t| <= 1/2.
ISOTRACE_LANES_TABLE double asin_quick_coefficients[9] = {
    0x1.0000000000e83p+0, 0x1.55555542fd475p-3,  0x1.33334261d9e87p-4,
    0x1.6db20cadb1f43p-5, 0x1.f288c804351cep-6,  0x1.6615a0ec8d425p-6,
    0x1.52d7c5f5c757bp-6, 0x1.f62a804832ccdp-10, 0x1.0dfd15eca3951p-5};

/// erf(x)/x in powers of x - (i + 1/2)/4 in row i, for x in [i/4, (i + 1)/4].
inline constexpr std::size_t erf_terms = 10;
ISOTRACE_LANES_TABLE double erf_coefficients[16][erf_terms] = {
    {0x1.1f5e1a35c3b83p+0, -0x1.7d900b9e8e987p-4, -0x1.766bd13cea883p-2, 0x1.c5a8e00e5eeb9p-5,
     0x1.b4c165f76207ep-4, -0x1.40e08951e442fp-6, -0x1.936f42ef2ad3fp-6, 0x1.49696b6cba27bp-8,
     0x1.2e09ea54c6c89p-8, -0x1.0907bc6847685p-10},
    {0x1.13e08c7a16a26p+0, -0x1.09ac3c1b2b124p-2, -0x1.276ba5c0623c5p-2, 0x1.24d6bbb4543bap-3,
     0x1.01ba55d8fca1bp-4, -0x1.7d1fdcf1fb25fp-5, -0x1.390f063d61689p-7, 0x1.65cff52d86c64p-7,
     0x1.cc46b58d0a485p-11, -0x1.05e9cedef7c31p-9},
    {0x1.fe8f1614e4ec5p-1, -0x1.7edef5d89a38dp-2, -0x1.5275c58304accp-3, 0x1.671c4f2a73612p-3,
     0x1.d2c7b368236b0p-10, -0x1.7ea6ec0b440a3p-5, 0x1.194d66d1f1800p-7, 0x1.172eb2678a3b9p-7,
     -0x1.7d73e14f49fa8p-9, -0x1.2439a6156d28dp-10},
    {0x1.cacbc181f7fc6p-1, -0x1.b293239599bd3p-2, -0x1.4574d9b0eeb8ep-5, 0x1.367b5cb8375e1p-3,
     -0x1.6f0e9832cfc81p-5, -0x1.a399dcbbbc927p-6, 0x1.1d683ade7afa2p-6, 0x1.6037664325d9cp-10,
     -0x1.db267e96453b5p-9, 0x1.cb85790a985e1p-12},
    {0x1.9450bb1ec6057p-1, -0x1.ad1533f36788dp-2, 0x1.bbf4930fca2d6p-5, 0x1.8a284b2862086p-4,
     -0x1.f10767c38dbc9p-5, -0x1.2f7c1a38444cfp-11, 0x1.d5672cd5ae12bp-7, -0x1.12d8bf26b5e93p-8,
     -0x1.abed1d29677f4p-10, 0x1.26d9483e9dfdcp-10},
    {0x1.611065fc9316dp-1, -0x1.82ad1810b6ca3p-2, 0x1.ab151a7985822p-4, 0x1.3fc0da03db0e2p-5,
     -0x1.9e43d541fbffap-5, 0x1.dbc14c9554484p-7, 0x1.6c43725fe5697p-8, -0x1.4c8be19776b12p-8,
     0x1.303fbe4156cf0p-11, 0x1.7759e3dfb66cep-11},
    {0x1.3448f8704c359p-1, -0x1.48b7c44d5257cp-2, 0x1.df8987f78db83p-4, -0x1.685f0e5c4ba95p-10,
     -0x1.e76d98103e7a7p-6, 0x1.166e32322821ap-6, -0x1.a00db3f81f50cp-10, -0x1.72cc7a5710397p-9,
     0x1.6905e0330bae0p-10, 0x1.270f85e6c491bp-16},
    {0x1.0ee12190b1949p-1, -0x1.0e9e17d6132b7p-2, 0x1.b7e9ea2adac11p-4, -0x1.5d2c619028ee0p-6,
     -0x1.6e17e76480b73p-7, 0x1.8b92adf918df0p-7, -0x1.1674d7bf11f1ap-8, -0x1.7c049d537392ap-12,
     0x1.f484a9714cedep-11, -0x1.49b2ce41d9c6fp-12},
    {0x1.e09a79ee7db93p-2, -0x1.b87061646fb5dp-3, 0x1.6bfb99623774cp-4, -0x1.ae6bfd18bab23p-6,
     -0x1.63242ffe714fap-15, 0x1.82ac17d76668ep-8, -0x1.dc47178b56d1dp-9, 0x1.b351f1322bd91p-11,
     0x1.137ff9903d919p-12, -0x1.0ed061fba75bep-12},
    {0x1.aed200cd67bedp-2, -0x1.675759c9fb4b2p-3, 0x1.1e314dd8e8f84p-4, -0x1.8349c312c5c70p-6,
     0x1.21e01fbc75bbap-8, 0x1.b23f6e6f5f2e3p-10, -0x1.074905b16da93p-9, 0x1.d6a2db5f6e15cp-11,
     -0x1.071cd7abfef2ap-13, -0x1.7453c7e4e7955p-14},
    {0x1.8603df0909380p-2, -0x1.284241dbd5d3ap-3, 0x1.ba09e2a355073p-5, -0x1.324482494ccdep-6,
     0x1.4b850d5c54ed6p-8, -0x1.4fd3dcf0cad7ep-12, -0x1.80cbe6f097cbep-11, 0x1.1a94446831825p-11,
     -0x1.9112166a86756p-13, 0x1.e8e191fdf4fd5p-17},
    {0x1.64282886fef72p-2, -0x1.ef1beecc9bf68p-4, 0x1.560bd27a00ed5p-5, -0x1.cac3dca969079p-7,
     0x1.143ef76a241d2p-8, -0x1.c8407f9350bd7p-11, -0x1.89ab18a4b5f0fp-14, 0x1.c6083b1a03574p-13,
     -0x1.00f03fa0593e1p-13, 0x1.34b4671585542p-15},
    {0x1.47ad3ff3018a1p-2, -0x1.a35763ed2ef1bp-4, 0x1.0bd914bd59c0dp-5, -0x1.52a6a0f70f759p-7,
     0x1.9a16382fc93acp-9, -0x1.ac1cef176d7ebp-11, 0x1.e8e5994c79d4dp-14, 0x1.9271dca3e16cfp-15,
     -0x1.ad9a9ffeafd3ap-15, 0x1.9a3f20fd74baep-16},
    {0x1.2f6827c1b08c7p-2, -0x1.6793ed0a040bbp-4, 0x1.a9f5181dfb8abp-6, -0x1.f70a65d7ca622p-8,
     0x1.24967740af3b6p-9, -0x1.41544b9d1d289p-11, 0x1.21dd42873150ap-13, -0x1.663a2c8d7bc3bp-17,
     -0x1.bce3e22c1e145p-17, 0x1.56fad8ae4d3b4p-17},
    {0x1.1a7b909ae7a4ap-2, -0x1.37b3d82995262p-4, 0x1.57e94aec0332dp-6, -0x1.7b2696397db32p-8,
     0x1.a01e86af15ebap-10, -0x1.bfb6a72c7286cp-12, 0x1.c04ba826c12d1p-14, -0x1.5cd1bfdcb76a9p-16,
     0x1.0a545189cdd5fp-23, 0x1.70ddbfb45ec52p-19},
    {0x1.08420fc7a4912p-2, -0x1.10c83ad00a3f1p-4, 0x1.199374fd58437p-6, -0x1.229a7defb973cp-8,
     0x1.2b93928d1a1ddp-10, -0x1.3304d653b858fp-12, 0x1.3328cb78755ccp-14, -0x1.1a49eb9701a9ep-16,
     0x1.79b7dddd3fe50p-19, 0x1.7ae862a9dc6f8p-23}};

inline constexpr std::size_t erf_quick_terms = 8;
ISOTRACE_LANES_TABLE double erf_quick_coefficients[16][erf_quick_terms] = {
    {0x1.1f5e1a35c15bcp+0, -0x1.7d900b9e864edp-4, -0x1.766bd0f161544p-2, 0x1.c5a8df89ce912p-5,
     0x1.b4bfec590f7e4p-4, -0x1.40df3df793d53p-6, -0x1.9113232706ff2p-6, 0x1.475750db9050fp-8},
    {0x1.13e08c7a162f5p+0, -0x1.09ac3c1b26fa0p-2, -0x1.276ba5b2000acp-2, 0x1.24d6bb72d434bp-3,
     0x1.01ba0dedfb279p-4, -0x1.7d1e957edb1e0p-5, -0x1.3828e2f105e26p-7, 0x1.63c417a708ec9p-7},
    {0x1.fe8f1614e7e7dp-1, -0x1.7edef5d897f03p-2, -0x1.5275c5e26ce54p-3, 0x1.671c4f05ea4fbp-3,
     0x1.d30351433d841p-10, -0x1.7ea635624501bp-5, 0x1.16526b1065ae0p-7, 0x1.160a7571fdf94p-7},
    {0x1.cacbc181fbb33p-1, -0x1.b29323959aa34p-2, -0x1.4574db8c3b506p-5, 0x1.367b5cc6963c0p-3,
     -0x1.6f0c46294c526p-5, -0x1.a39a6c63d2a41p-6, 0x1.1b8d0be8f5ad4p-6, 0x1.63ce978a129fap-10},
    {0x1.9450bb1ec7b17p-1, -0x1.ad1533f369d6ep-2, 0x1.bbf49239d219cp-5, 0x1.8a284b721ec12p-4,
     -0x1.f1065c4e57c50p-5, -0x1.2faa2e4db6d0cp-11, 0x1.d3bb3f0b332b8p-7, -0x1.108b013591871p-8},
    {0x1.611065fc927e6p-1, -0x1.82ad1810b841ap-2, 0x1.ab151a9f97f44p-4, 0x1.3fc0da61b45e7p-5,
     -0x1.9e443463df455p-5, 0x1.dbbf775d63912p-7, 0x1.6d73c4bd60f83p-8, -0x1.4b14852ce9368p-8},
    {0x1.3448f8704acc5p-1, -0x1.48b7c44d5260dp-2, 0x1.df898851d794fp-4, -0x1.685f0e131ba12p-10,
     -0x1.e76f5b6df8366p-6, 0x1.166e2c75033e4p-6, -0x1.94c54948919ebp-10, -0x1.72ba1194bc82fp-9},
    {0x1.0ee12190b09a4p-1, -0x1.0e9e17d612868p-2, 0x1.b7e9ea696ccd0p-4, -0x1.5d2c61e29e7abp-6,
     -0x1.6e1a591224319p-7, 0x1.8b937c14a5b83p-7, -0x1.1480507aee28bp-8, -0x1.865272af19fb9p-12},
    {0x1.e09a79ee7d2f9p-2, -0x1.b87061646ea6fp-3, 0x1.6bfb99736d1e0p-4, -0x1.ae6bfd5c70f29p-6,
     -0x1.63d05383dddecp-15, 0x1.82ad6a61a0b89p-8, -0x1.db339fe0824d7p-9, 0x1.af16a7ff938d1p-11},
    {0x1.aed200cd6800bp-2, -0x1.675759c9faee1p-3, 0x1.1e314dd0addadp-4, -0x1.8349c32a0941bp-6,
     0x1.21e0c44618a2dp-8, 0x1.b2413fc55cd13p-10, -0x1.07cc9bfbe2c6dp-9, 0x1.d52e8dd607714p-11},
    {0x1.8603df09099c5p-2, -0x1.284241dbd5e2fp-3, 0x1.ba09e28a423c7p-5, -0x1.324482457934ep-6,
     0x1.4b8608107fcf6p-8, -0x1.4fd50ecc15995p-12, -0x1.83ee16eec77a7p-11, 0x1.1ad1672100bdfp-11},
    {0x1.64282886ff376p-2, -0x1.ef1beecc9c43cp-4, 0x1.560bd269f1fefp-5, -0x1.cac3dc961c5bap-7,
     0x1.143f97ffd8da0p-8, -0x1.c8420183b700dp-11, -0x1.99ba17d566091p-14, 0x1.c871add697c95p-13},
    {0x1.47ad3ff301a4ep-2, -0x1.a35763ed2f250p-4, 0x1.0bd914b6a3d1dp-5, -0x1.52a6a0ea3d808p-7,
     0x1.9a16be6af584dp-9, -0x1.ac1def7eb8b85p-11, 0x1.e22f4a3fae399p-14, 0x1.98dad8ba05af6p-15},
    {0x1.2f6827c1b0936p-2, -0x1.6793ed0a04212p-4, 0x1.a9f5181a82684p-6, -0x1.f70a65cd13312p-8,
     0x1.249699ff0b064p-9, -0x1.4154b6c80d046p-11, 0x1.20fed9c5c8017p-13, -0x1.5b827a9b1031bp-17},
    {0x1.1a7b909ae7a49p-2, -0x1.37b3d829952bfp-4, 0x1.57e94aec0bc8cp-6, -0x1.7b2696369c633p-8,
     0x1.a01e8605d2bdap-10, -0x1.bfb6e0ca9d012p-12, 0x1.c04fd8f41957cp-14, -0x1.5b60ee10f5e41p-16},
    {0x1.08420fc7a48fap-2, -0x1.10c83ad00a3f7p-4, 0x1.199374fe15314p-6, -0x1.229a7def8a406p-8,
     0x1.2b9383cb2c7fep-10, -0x1.3304da054088ep-12, 0x1.33873b6d3319ap-14, -0x1.1a3241b2fbac4p-16}};

/// The first 1280 bits of 2/pi after the binary point, most significant word first.
ISOTRACE_LANES_TABLE std::uint64_t two_over_pi[20] = {
    0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561,
    0xb7246e3a424dd2e0, 0x06492eea09d1921c, 0xfe1deb1cb129a73e, 0xe88235f52ebb4484,
    0xe99c7026b45f7e41, 0x3991d639835339f4, 0x9c845f8bbdf9283b, 0x1ff897ffde05980f,
    0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d, 0x7527bac7ebe5f17b,
    0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab, 0xf0cfbc209af4361d};

}  // namespace isotrace::reference
