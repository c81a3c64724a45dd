// SPDX-License-Identifier: Apache-2.0
// Words and keyboard walks that open lists of guesses, here and abroad, in lower case. Short on purpose: the rate limits stop
// guessing, this stops the first few guesses from being right.

const WORDS = `
password passw0rd p@ssword p@ssw0rd pa55word pass passwd passcode secret admin administrator root user guest test login
welcome letmein changeme default master access manager system
qwerty qwertyuiop qwertyuiopasdfghjkl asdfghjkl asdfgh asdf asdfghjklzxcvbnm zxcvbnm zxcvbn qazwsx qazwsxedc qazwsxedcrfv
qwer qwerasdf qwerasdfzxcv qwertyasdfgh zaqwsx zaqxswcde zaq1xsw2 zaq1xsw2cde3 1qaz2wsx 1qaz2wsx3edc 1qaz2wsx3edc4rfv
1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qazxsw2 1qazxsw23edc q1w2e3r4 q1w2e3r4t5 qweasd qweasdzxc qwe123qwe 123qweasd 123qweasdzxc
123qwe123qwe qwe123456 qwe123456789 abc123456 abc123456789 abcd123456 abcd1234567 a123456789 a1234567890 aa123456789
1234567890 0123456789 9876543210 12345678910 123456789a 1234567890a 123456789q 123456789qwe 0987654321 1122334455
11223344556 112233445566 1212121212 1231231231 123123123123 1234512345 123456123456 123456654321 1234554321 123454321
147258369 1472583690 147852369 741852963 789456123 7894561230 963852741 159357 159357456 159753456 159753159753
5201314 52013145201314 5201314520 1314520520 13145201314 520520520520 7758521 7758258 77585217758521 woaini woaini1314
woaini1314520 woaini520 woainiwoaini woaiwojia wodemima mima mimamima mima123456 woshishei wojiushiwo woaizhongguo zhongguo
zhonghua zhongguoren beijing beijing2008 shanghai guangzhou shenzhen xuesheng xuexiao daxue daxuesheng laoshi tushuguan sushe
nihao nihaoma nihaonihao tiantian baobao xiaobao laopo laogong haohaoxuexi tiantianxiangshang meiyoumima wangjile
wangjimima zhangsan lisi wangwu iloveyou iloveyou1314 iloveyou520 loveyou iloveu lovelove princess sunshine superman batman
dragon monkey shadow football baseball basketball michael jordan charlie freedom whatever trustno1 starwars pokemon naruto
computer internet samsung huawei xiaomi iphone android google baidu tencent alibaba taobao wechat weixin qq12345678
student teacher university college campus library dormitory latchkey school schoolschool
`;

export const COMMON_PASSWORDS: ReadonlySet<string> = new Set(WORDS.trim().split(/\s+/));
