"""Guessing a text's language: right where it speaks, silent where it cannot know."""

import pytest

from whimbrel.microblog.posts.language import detect

SENTENCES = {
    "en": "The storm has passed and the mast still stands, which is more than we had hoped for.",
    "de": "Der Sturm ist vorbei und der Mast steht noch, das ist mehr als wir gehofft haben.",
    "nl": "De storm is voorbij en de mast staat nog, dat is meer dan we hadden gehoopt.",
    "fr": "La tempête est passée et le mât tient encore, c'est plus que nous ne pouvions espérer.",
    "es": "La tormenta ya pasó y el mástil sigue en pie, que es más de lo que esperábamos.",
    "pt": "A tempestade já passou e o mastro ainda está de pé, é mais do que esperávamos.",
    "it": "La tempesta è passata e l'albero è ancora in piedi, più di quanto sperassimo.",
    "sv": "Stormen är över och masten står kvar, det är mer än vad vi hade hoppats på.",
    "fi": "Myrsky on ohi ja masto on vielä pystyssä, se on enemmän kuin me uskalsimme toivoa.",
    "pl": "Burza już przeszła i maszt nadal stoi, to więcej niż się spodziewaliśmy.",
    "cs": "Bouře už přešla a stožár pořád stojí, to je víc, než jsme čekali.",
    "hu": "A vihar már elmúlt és az árboc még áll, ez több, mint amit reméltünk.",
    "ro": "Furtuna a trecut și catargul este încă în picioare, mai mult decât am sperat.",
    "tr": "Fırtına geçti ve direk hâlâ ayakta, bu bizim umduğumuzdan daha fazla bir şey.",
    "id": "Badai sudah lewat dan tiang itu masih berdiri, lebih dari yang kami harapkan.",
    "vi": "Cơn bão đã qua và cột buồm vẫn còn đứng, đó là nhiều hơn chúng tôi mong đợi.",
    "ru": "Буря прошла, а мачта всё ещё стоит, это больше, чем мы надеялись.",
    "uk": "Буря минула, а щогла все ще стоїть, це більше, ніж ми сподівалися.",
    "bg": "Бурята отмина и мачтата още стои, това е повече, отколкото се надявахме.",
    "el": "Η καταιγίδα πέρασε και το κατάρτι στέκεται ακόμα.",
    "ar": "مرت العاصفة ولا يزال الصاري قائما على السفينة وهذا أكثر من ما كنا نأمل",
    "fa": "طوفان گذشت و دکل هنوز ایستاده است که این بیشتر از آن است که ما امید داشتیم",
    "he": "הסערה חלפה והתורן עדיין עומד",
    "hi": "तूफान गुजर गया है और मस्तूल अब भी खड़ा है जो हमारी उम्मीद से ज्यादा है",
    "ja": "嵐は過ぎ去り、マストはまだ立っています。",
    "ko": "폭풍은 지나갔고 돛대는 아직 서 있다",
    "zh": "风暴已经过去，桅杆依然屹立。",
    "th": "พายุผ่านไปแล้วและเสากระโดงยังคงอยู่",
}


@pytest.mark.parametrize("language", SENTENCES)
def test_a_sentence_is_recognised(language: str):
    assert detect(SENTENCES[language]) == language


@pytest.mark.parametrize(
    "text", ["", "ok", "Hello", "12345 !!", "Berlin Hamburg Oslo Bergen Lagos", "aaaaaaaaaaaaaaaaaaaaaaaaaa"]
)
def test_without_evidence_the_default_is_the_answer(text: str):
    assert detect(text) is None
    assert detect(text, "eo") == "eo"


def test_links_handles_and_hashtags_are_no_evidence():
    assert detect("https://example.com/the/and/of/was/with @the_and_of_was #theAndOfWasWith") is None


def test_a_foreign_name_in_a_sentence_does_not_change_its_language():
    assert detect("I am reading 吾輩は猫である and it is as good as they said it would be") == "en"


def test_a_chinese_text_that_quotes_one_kana_is_still_chinese():
    assert detect("这个日语字母の的意思是什么我们今天在课上学习了很多新的东西大家都很高兴") == "zh"
