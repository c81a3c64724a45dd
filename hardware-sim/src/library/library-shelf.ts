// SPDX-License-Identifier: Apache-2.0
// A shelf to try with: a hundred titles, two copies each, barcodes B0001 to B0200. The last three are for a desk's other colours.
import type { Item } from './library-state.ts';

/** By class of the Chinese Library Classification. */
const TITLES: Readonly<Record<string, string>> = {
  B2: '论语译注 孟子译注 老子今注今译 庄子浅注 中国哲学简史 传习录注疏',
  C9: '乡土中国 江村经济 社会学的想象力 统计学 管理学原理',
  D9: '法理学 民法总论 宪法学讲义 刑法学',
  F0: '政治经济学 国富论 宏观经济学 微观经济学 会计学基础 财务管理',
  G2: '传播学教程 图书馆学基础 中国教育史 大学语文 体育与健康',
  H1: '现代汉语 古代汉语 说文解字注 大学英语教程 日语入门 普通话教程',
  I2: '红楼梦 西游记 三国演义 水浒传 儒林外史 聊斋志异 呐喊 彷徨 朝花夕拾 骆驼祥子 茶馆 四世同堂 家 春 秋 边城 围城 子夜 雷雨 日出 平凡的世界 白鹿原 活着 三体 射雕英雄传 唐诗三百首 宋词三百首',
  J2: '中国绘画史 书法概论 素描基础 摄影教程 音乐欣赏',
  K2: '史记选 资治通鉴选 万历十五年 中国通史 世界通史 中国历史地理',
  N4: '科学革命的结构 自然辩证法 科学史',
  O1: '高等数学 线性代数 概率论与数理统计 数学分析 大学物理 无机化学 有机化学',
  Q9: '普通生物学 物种起源 生态学基础',
  R4: '护理学基础 人体解剖学 内科护理学',
  TH: '机械制图 机械设计基础 工程力学 液压传动',
  TP: '数据结构 操作系统 计算机网络 数据库原理 编译原理 计算机组成原理 人工智能导论 程序设计基础',
  U4: '汽车构造 汽车维修',
};
const COPIES = 2;

/** By barcode, in place of what the shelf has there. */
const SPECIAL: Readonly<Record<string, Partial<Item>>> = {
  B0198: { title: '现代汉语词典', forReferenceOnly: true },
  B0199: { title: '大学物理实验（附光盘）', feeCents: 200, mediaType: '009' },
  B0200: { title: '馆藏善本图录', location: '古籍馆' },
};

export const SHELF_LOCATION = '总馆';

export function libraryShelf(): Item[] {
  const titles = Object.entries(TITLES).flatMap(([group, names]) =>
    names.split(' ').map((name) => [group, name] as const),
  );
  return titles.flatMap(([group, title], index) =>
    Array.from({ length: COPIES }, (_, copy): Item => {
      const barcode = `B${String(index * COPIES + copy + 1).padStart(4, '0')}`;
      const place = { location: SHELF_LOCATION, callNumber: `${group}/${index + 1}`, sortBin: String((index % 4) + 1) };
      return { barcode, title, ...place, ...SPECIAL[barcode] };
    }),
  );
}
